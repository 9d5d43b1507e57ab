"""How much answers to the same prompt have in common: each model's with each panel member's.

TF-IDF cosines (1 + log counts, rarity over the panel's answers) of three views: words, phrases, openings.
Everything that is said of a model follows from these and from the lengths; no other student is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from distill_tests.errors import DataError, MissingExtra
from distill_tests.lineage.constancy import constancy, repeated_share
from distill_tests.lineage.tokens import Vocabulary, opening, phrases, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from distill_tests.lineage.tokens import Hashes, View

    Array = NDArray[np.float64]

VIEWS: Final = (words, phrases, opening)
_SKETCH: Final = 1 << 16
_SMOOTH: Final = 5.0
"""Tokens added to a length before its logarithm, so that a one-word answer is short and not infinitely so."""


class Overlaps(NamedTuple):
    """Prompt by prompt; the panel's members are the first ``members`` of the models.

    ``views``: view x prompt x model x member, 0 where one of the two did not answer.
    ``gaps``: prompt x model x member, the difference of log lengths, without sign.
    ``answered``: prompt x model.  ``short`` and ``cut``: answers of one word or none, and too long to be
    read whole, by model.  ``sameness``: mean cosine of a model's answers to different prompts.
    ``to_the_point``: how much nearer its answers are to the panel's on the same prompt than on others.
    ``repeated``: the share of its answers that stands in many of them, or in the prompt.
    """

    models: tuple[str, ...]
    members: int
    prompts: tuple[str, ...]
    views: Array
    gaps: Array
    answered: NDArray[np.bool_]
    short: tuple[int, ...]
    cut: tuple[int, ...]
    sameness: Array
    to_the_point: Array
    repeated: tuple[float, ...]


class WordCosines(NamedTuple):
    """``cosines`` of words and word pairs, prompt x model x model; 0 where one of the two did not answer.

    At most 1, which products of unit vectors may miss by a rounding.  ``answered``: prompt x model.
    """

    models: tuple[str, ...]
    prompts: tuple[str, ...]
    cosines: Array
    answered: NDArray[np.bool_]


def word_cosines(responses: Mapping[str, Mapping[str, str]]) -> WordCosines:
    """All models of ``responses`` with each other; raises what :func:`overlaps` raises."""
    require()
    import numpy as np

    models = tuple(sorted(responses))
    _refuse_absent(responses, models, models)
    prompts = _shared_prompts(responses, models)
    texts = _Texts(responses, models, prompts, {})
    rarity = _Rarity.over(texts, words, len(models))
    found = np.zeros((len(prompts), len(models), len(models)))
    for place in range(len(prompts)):
        found[place] = _rows(texts.of_prompt(place), words, rarity).cosines(len(models))
    return WordCosines(models, prompts, np.minimum(found, 1.0), texts.answered)


def overlaps(
    responses: Mapping[str, Mapping[str, str]],
    members: Sequence[str],
    others: Sequence[str],
    *,
    asked: Mapping[str, str] | None = None,
) -> Overlaps:
    """The overlaps of ``members`` and ``others`` with each of ``members``.

    ``responses``: model, then prompt id, then text; a blank text counts as missing.  ``asked``: the prompts'
    texts as far as they are known, to find answers that repeat them.  Raises DataError for a model that is
    not there, a member without responses, and where no prompt was answered by two members; MissingExtra
    without NumPy and SciPy.
    """
    require()
    import numpy as np

    models = (*members, *others)
    _refuse_absent(responses, models, members)
    prompts = _shared_prompts(responses, members)
    texts = _Texts(responses, models, prompts, asked or {})
    rarity = [_Rarity.over(texts, view, len(members)) for view in VIEWS]
    found = np.zeros((len(VIEWS), len(prompts), len(models), len(members)))
    sketches = np.zeros((len(models), _SKETCH), np.float32)
    for place in range(len(prompts)):
        for number, (view, rare) in enumerate(zip(VIEWS, rarity, strict=True)):
            rows = _rows(texts.of_prompt(place), view, rare)
            found[number, place] = rows.cosines(len(members))
            if view is words:
                _add_to(sketches, rows)
    lengths = np.log(texts.lengths + _SMOOTH)
    sameness, to_the_point = constancy(found[0], texts.answered, sketches, len(members))
    return Overlaps(
        models=models,
        members=len(members),
        prompts=prompts,
        views=found,
        gaps=np.abs(lengths[:, :, None] - lengths[:, None, : len(members)]),
        answered=texts.answered,
        short=texts.short,
        cut=texts.cut,
        sameness=sameness,
        to_the_point=to_the_point,
        repeated=tuple(texts.repeated(place) for place in range(len(models))),
    )


def require() -> None:
    """Raises MissingExtra where NumPy or SciPy is not installed."""
    try:
        import numpy  # noqa: F401
        import scipy.sparse  # noqa: F401
    except ImportError as error:
        raise MissingExtra(error.name or "numpy", "similarity", "lineage") from error


def _refuse_absent(
    responses: Mapping[str, Mapping[str, str]], models: Sequence[str], members: Sequence[str]
) -> None:
    if absent := [
        model for model in models if model not in responses or (model in members and not responses[model])
    ]:
        raise DataError(f"no responses of {', '.join(absent)}")


def _shared_prompts(responses: Mapping[str, Mapping[str, str]], members: Sequence[str]) -> tuple[str, ...]:
    """The prompts that at least two panel members answered, sorted: their order decides no number."""
    counts: dict[str, int] = {}
    for member in members:
        for prompt, text in responses[member].items():
            counts[prompt] = counts.get(prompt, 0) + bool(text.strip())
    found = tuple(sorted(prompt for prompt, count in counts.items() if count >= 2))
    if not found:
        raise DataError(
            "no prompt was answered by two panel members; are the prompt ids the same in all files?"
        )
    return found


class _Texts:
    """The answers as codes, prompt by prompt; an absent answer is an empty one."""

    def __init__(
        self,
        responses: Mapping[str, Mapping[str, str]],
        models: Sequence[str],
        prompts: Sequence[str],
        asked: Mapping[str, str],
    ) -> None:
        import numpy as np

        vocabulary = Vocabulary()
        read = [
            [vocabulary.answer(responses[model].get(prompt, "")) for model in models] for prompt in prompts
        ]
        self._asked = [vocabulary.answer(asked.get(prompt, "")).codes for prompt in prompts]
        self.codes = [[answer.codes for answer in row] for row in read]
        self.lengths = np.array([[len(answer.codes) for answer in row] for row in read], np.float64)
        self.answered = self.lengths > 0
        self.short = tuple(int(n) for n in (self.answered & (self.lengths < 2)).sum(axis=0))
        self.cut = tuple(
            int(n) for n in np.array([[answer.cut for answer in row] for row in read]).sum(axis=0)
        )

    def of_prompt(self, place: int) -> Sequence[Hashes]:
        return self.codes[place]

    def repeated(self, model: int) -> float:
        return repeated_share([row[model] for row in self.codes], self._asked)


class _Rarity(NamedTuple):
    """In how many of the panel's answers each run stands; a run in none of them is rarest."""

    runs: Hashes
    counts: NDArray[np.int64]
    answers: int

    @classmethod
    def over(cls, texts: _Texts, view: View, members: int) -> _Rarity:
        import numpy as np

        each = [np.unique(view(codes)) for row in texts.codes for codes in row[:members] if len(codes)]
        runs, counts = np.unique(np.concatenate(each), return_counts=True)
        return cls(runs, counts, len(each))

    def of(self, runs: Hashes) -> Array:
        """Inverse document frequency, smoothed: log((1 + n) / (1 + count)) + 1."""
        import numpy as np

        counts = np.zeros(len(runs))
        if len(self.runs):
            places = np.minimum(np.searchsorted(self.runs, runs), len(self.runs) - 1)
            counts = np.where(self.runs[places] == runs, self.counts[places], 0.0)
        weights: Array = np.log((1.0 + self.answers) / (1.0 + counts)) + 1.0
        return weights


class _Rows(NamedTuple):
    """One prompt's answers as unit vectors; ``columns`` are the runs that its columns stand for."""

    matrix: csr_matrix
    columns: Hashes

    def cosines(self, members: int) -> Array:
        """Of each answer with each of the first ``members``."""
        found: Array = (self.matrix @ self.matrix[:members].T).toarray()
        return found


def _rows(answers: Sequence[Hashes], view: View, rarity: _Rarity) -> _Rows:
    import numpy as np
    from scipy.sparse import coo_matrix, diags

    runs = [view(codes) if len(codes) else codes for codes in answers]
    owners = np.repeat(np.arange(len(runs)), [len(one) for one in runs])
    columns, places = np.unique(np.concatenate(runs), return_inverse=True)
    shape = (len(runs), len(columns))
    counts = coo_matrix((np.ones(len(places)), (owners, places.ravel())), shape=shape).tocsr()
    counts.data = 1.0 + np.log(counts.data)
    weighted = counts @ diags(rarity.of(columns))
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return _Rows((diags(1.0 / np.where(norms > 0, norms, 1.0)) @ weighted).tocsr(), columns)


def _add_to(sketches: NDArray[np.float32], rows: _Rows) -> None:
    """Add each answer, folded into few columns, to its model's sum."""
    import numpy as np

    cells = rows.matrix.tocoo()
    np.add.at(
        sketches, (cells.row, (rows.columns % np.uint64(_SKETCH)).astype(np.int64)[cells.col]), cells.data
    )
