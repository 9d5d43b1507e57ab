"""How alike a set of models is, and how alike one model's answers to the same prompt are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from distill_tests.errors import DataError
from distill_tests.lineage.overlaps import word_cosines
from distill_tests.lineage.scores import drawn_prompts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Matrix:
    """All pairs of ``models``: mean cosines of words and word pairs on the same prompts.

    ``plain`` is the similarity; ``centred`` the same once what all the models share on a prompt is taken
    out (its mean is near -1 / (models - 1) by construction: it says who is nearer to whom, not how alike
    the set is).  ``mean`` is over pairs of different models of ``plain``, ``low`` to ``high`` its bootstrap
    interval over prompts.  ``order`` sorts the models as a tree of their centred similarity does (average
    linkage; ``merges`` are its steps: two clusters, their distance, the size).
    """

    models: tuple[str, ...]
    plain: tuple[tuple[float, ...], ...]
    centred: tuple[tuple[float, ...], ...]
    mean: float
    low: float
    high: float
    order: tuple[str, ...]
    merges: tuple[tuple[int, int, float, int], ...]
    prompts: int
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Diversity:
    """1 - the mean cosine between a model's answers to the same prompt, and its interval over prompts.

    0: always the same answer.  ``prompts`` had two answers or more; ``single`` had fewer and are left out.
    """

    mean: float
    low: float
    high: float
    prompts: int
    single: int


def similarity_matrix(
    responses: Mapping[str, Mapping[str, str]], *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Matrix:
    """The similarity of each of the models in ``responses`` with each.

    Raises DataError with fewer than two models, without a common prompt, and for a pair of models that
    have no prompt in common; MissingExtra without NumPy and SciPy.
    """
    if len(responses) < 2:
        raise DataError(f"similarity is between models: two or more are needed (got {len(responses)})")
    found = word_cosines(responses)
    words, both = found.cosines, _both(found.answered)
    if not both.any(axis=0).all():
        raise DataError("two of the models have answered no prompt in common; nothing can be said of them")
    plain = _mean_over_prompts(words, both)
    centred = _mean_over_prompts(_centred(words, found.answered), both)
    upper = _upper(len(found.models))
    weights = drawn_prompts(len(found.prompts), draws=draws, seed=seed)
    low, high = _interval(_weighted(words[:, *upper], both[:, *upper], weights), level)
    mean = float(plain[upper].mean())
    order, merges = _tree(centred, found.models)
    return Matrix(
        models=found.models,
        plain=_rows(plain),
        centred=_rows(centred),
        mean=mean,
        low=min(low, mean),
        high=max(high, mean),
        order=order,
        merges=merges,
        prompts=len(found.prompts),
        missing={model: int((~found.answered[:, place]).sum()) for place, model in enumerate(found.models)},
    )


def diversity(
    repeats: Mapping[str, Sequence[str]], *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Diversity:
    """How much one model's repeated answers differ.  ``repeats``: prompt id, then its answers.

    Raises DataError where no prompt has two answers that are not empty.
    """
    import statistics

    asked = {prompt: [text for text in texts if text.strip()] for prompt, texts in repeats.items()}
    several = {prompt: texts for prompt, texts in asked.items() if len(texts) > 1}
    if not several:
        raise DataError("diversity is between repeats: no prompt has two answers that are not empty")
    times = max(len(texts) for texts in several.values())
    found = word_cosines(
        {
            str(repeat): {prompt: texts[repeat] for prompt, texts in several.items() if repeat < len(texts)}
            for repeat in range(times)
        }
    )
    upper = _upper(times)
    both = _both(found.answered)[:, *upper].astype(float)
    distances = ((1.0 - found.cosines[:, *upper]) * both).sum(axis=1) / both.sum(axis=1)
    weights = drawn_prompts(len(distances), draws=draws, seed=seed)
    low, high = _interval(weights @ distances / len(distances), level)
    mean = statistics.fmean(distances.tolist())
    return Diversity(mean, min(low, mean), max(high, mean), len(distances), len(repeats) - len(several))


def _both(answered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    shared: NDArray[np.bool_] = answered[:, :, None] & answered[:, None, :]
    return shared


def _centred(words: Array, answered: NDArray[np.bool_]) -> Array:
    """Cosines around the mean of the answers to a prompt, from cosines around zero."""
    import numpy as np

    count = np.maximum(answered.sum(axis=1).astype(float), 1.0)
    to_mean = words.sum(axis=2) / count[:, None]
    among = to_mean.sum(axis=1) / count
    inner = words - to_mean[:, :, None] - to_mean[:, None, :] + among[:, None, None]
    norms = np.sqrt(np.maximum(np.einsum("pii->pi", inner), 1e-9))
    found: Array = inner / norms[:, :, None] / norms[:, None, :]
    return found


def _mean_over_prompts(values: Array, both: NDArray[np.bool_]) -> Array:
    found: Array = (values * both).sum(axis=0) / both.sum(axis=0)
    return found


def _weighted(values: Array, both: NDArray[np.bool_], weights: Array) -> Array:
    """The mean over pairs, of each pair's mean over prompts, in each resample of prompts."""
    import numpy as np

    found: Array = ((weights @ (values * both)) / np.maximum(weights @ both.astype(float), 1e-9)).mean(axis=1)
    return found


def _upper(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    import numpy as np

    rows, columns = np.triu_indices(size, 1)
    return rows, columns


def _interval(values: Array, level: float) -> tuple[float, float]:
    import numpy as np

    side = 50.0 * (1.0 - level)
    low, high = np.percentile(values, [side, 100.0 - side])
    return float(low), float(high)


def _tree(
    centred: Array, models: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[int, int, float, int], ...]]:
    import numpy as np
    from scipy.cluster.hierarchy import leaves_list, linkage

    distances = np.maximum(1.0 - centred[_upper(len(models))], 0.0)
    steps = linkage(distances, "average")
    merges = tuple((int(a), int(b), float(distance), int(size)) for a, b, distance, size in steps)
    return tuple(models[int(leaf)] for leaf in leaves_list(steps)), merges


def _rows(values: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in values)
