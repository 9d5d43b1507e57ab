"""How the model is fitted and cross-validated.  Takes scikit-learn and numpy, imported here only."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from distill_tests.errors import MissingExtra
from distill_tests.inference.correlation import correlation
from distill_tests.resemblance.features import features
from distill_tests.resemblance.model import HEADS, PARTS, Model, model_of
from distill_tests.resemblance.overlap import Rarity
from distill_tests.resemblance.rated import Pair, Rated, Responses, our_pairs
from distill_tests.resemblance.reading import read, tidy

FOLDS: Final = 10
LINE_SHARE: Final = 0.2
OUR_WEIGHT: Final = 0.5
ANCHOR_WEIGHT: Final = 0.3
UNLIKE: Final = {"logic": 0.25, "content": 0.0, "overall": 1.0}
"""What is taken for pairs of responses to different prompts; nothing for style, which may well be alike."""
ALIKE: Final = {"style": 2.0, "logic": 2.0, "content": 2.0, "overall": 5.0}
EVERY_NTH_UNLIKE: Final = 5
EVERY_NTH_ALIKE: Final = 12
RARITY_MODELS: Final = 14
LEAST_WEIGHT_KNOWN: Final = 1.2
"""How far below the weight of an unseen stem a stem has to lie to be listed."""
DIGITS: Final = 6
TREES: Final[Mapping[str, Any]] = {
    "n_estimators": 110,
    "max_depth": 3,
    "learning_rate": 0.06,
    "subsample": 0.5,
    "max_features": 0.2,
    "min_samples_leaf": 6,
    "random_state": 0,
}
RIDGE: Final = 200.0
Told = dict[str, Any]


def fitted(rated: Rated, responses: Responses | None, *, cross_validate: bool = True) -> Told:
    """What a weights file holds: fitted numbers, where they come from, and cross-validated agreement."""
    ours = our_pairs(responses, weight=OUR_WEIGHT) if responses else None
    rarity = counted_rarity(answers(rated, responses))
    pairs = [*rated.pairs, *(ours.pairs if ours else ())]
    rows = [row_of(pair, rarity) for pair in pairs]
    told = trained(pairs, rows, rarity)
    about = _about(rated, ours, responses)
    if cross_validate:
        about["cross_validated"] = agreement(rated.pairs, *out_of_fold(pairs, rows, rarity, len(rated.pairs)))
    return {"about": about, **told}


def _about(rated: Rated, ours: Rated | None, responses: Responses | None) -> Told:
    numpy, sklearn = _libraries()
    return {
        "what": "weights of the judge resemblance: fitted numbers and word weights, no texts",
        "licence": "Apache-2.0",
        "made_by": "python -m distill_tests.resemblance.train",
        "pairs": {
            "sha256": rated.sha256,
            "n": len(rated.pairs),
            "rated_by": "two LLM annotators, mean of the two; not people",
            "texts": "AlpacaEval model outputs, Apache-2.0",
        },
        "further_pairs": {
            "sha256": ours.sha256,
            "n": len(ours.pairs),
            "weight": OUR_WEIGHT,
            "rated_by": "one LLM annotator of ours, blind to any score of this judge; not people",
        }
        if ours
        else None,
        "responses": {"sha256": responses.sha256, "licence": "Apache-2.0", "models_read": RARITY_MODELS}
        if responses
        else None,
        "versions": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
    }


# --- words --------------------------------------------------------------------------------------


def answers(rated: Rated, responses: Responses | None) -> list[list[str]]:
    """For each prompt the answers that words are counted in."""
    if responses is None:
        return [[pair.one, pair.other] for pair in rated.pairs]
    names = sorted(responses.by_model)
    step = max(1, len(names) // RARITY_MODELS)
    chosen = [responses.by_model[name] for name in names[::step][:RARITY_MODELS]]
    return [[model[prompt] for model in chosen if prompt in model] for prompt in sorted(responses.prompts)]


def counted_rarity(answers: Sequence[Sequence[str]]) -> Rarity:
    """The weight of each stem: the logarithm of one over the share of prompts whose answers hold it."""
    found: defaultdict[str, float] = defaultdict(float)
    for group in answers:
        here: Counter[str] = Counter()
        for text in group:
            here.update(read(tidy(text)).counts.keys())
        for stem, count in here.items():
            found[stem] += count / max(1, len(group))
    unseen = math.log((len(answers) + 1) / 0.5)
    weights = {stem: math.log((len(answers) + 1) / (count + 0.5)) for stem, count in found.items()}
    known = {
        stem: _part(weights[stem]) for stem in sorted(weights) if weights[stem] < unseen - LEAST_WEIGHT_KNOWN
    }
    return Rarity(known, _part(unseen))


def _part(weight: float) -> float:
    return round(weight * PARTS) / PARTS


def row_of(pair: Pair, rarity: Rarity) -> dict[str, float]:
    first, second = sorted((tidy(pair.one), tidy(pair.other)))
    return features(read(first), read(second), pair.prompt, rarity)


# --- fitting ------------------------------------------------------------------------------------


def trained(pairs: Sequence[Pair], rows: Sequence[Mapping[str, float]], rarity: Rarity) -> Told:
    """The fitted part of a weights file, from rated pairs and anchors made from them."""
    anchors = [*unlike_anchors(pairs), *alike_anchors(pairs)]
    every = [*pairs, *anchors]
    table = [*rows, *(row_of(anchor, rarity) for anchor in anchors)]
    names = sorted(table[0])
    matrix = [[row[name] for name in names] for row in table]
    columns = list(zip(*matrix[: len(pairs)], strict=True))
    return {
        "features": names,
        "low": [round(min(column), DIGITS) for column in columns],
        "high": [round(max(column), DIGITS) for column in columns],
        "heads": {head: _head(head, every, matrix) for head in HEADS},
        "unseen": round(rarity.unseen * PARTS),
        "rarity": {stem: round(weight * PARTS) for stem, weight in rarity.known.items()},
    }


def unlike_anchors(pairs: Sequence[Pair]) -> list[Pair]:
    """Responses to different prompts, paired; every few pairs one."""
    chosen = pairs[::EVERY_NTH_UNLIKE]
    following = [*chosen[1:], *chosen[:1]]
    return [
        Pair(pair.prompt, pair.one, other.other, UNLIKE, ANCHOR_WEIGHT)
        for pair, other in zip(chosen, following, strict=True)
        if pair.prompt != other.prompt
    ]


def alike_anchors(pairs: Sequence[Pair]) -> list[Pair]:
    """Responses with one word in fifty left out, beside themselves."""
    made = []
    for pair in pairs[::EVERY_NTH_ALIKE]:
        draw = random.Random(pair.one)  # noqa: S311 - which words are left out is no secret
        words = pair.one.split(" ")
        less = " ".join(word for word in words if draw.random() > 0.02)
        made.append(Pair(pair.prompt, pair.one, less, ALIKE, ANCHOR_WEIGHT))
    return made


def _head(head: str, pairs: Sequence[Pair], matrix: Sequence[Sequence[float]]) -> Told:
    numpy, sklearn = _libraries()
    used = [at for at, pair in enumerate(pairs) if head in pair.marks]
    x = numpy.array([matrix[at] for at in used])
    y = numpy.array([pairs[at].marks[head] for at in used])
    weights = numpy.array([pairs[at].weight for at in used])
    model = sklearn.ensemble.GradientBoostingRegressor(**TREES).fit(x, y, sample_weight=weights)
    mean, spread = x.mean(0), x.std(0)
    spread[spread == 0] = 1.0
    line = sklearn.linear_model.Ridge(alpha=RIDGE).fit((x - mean) / spread, y, sample_weight=weights)
    slopes = line.coef_ / spread
    return {
        "start": round(float(model.init_.constant_.ravel()[0]), DIGITS),
        "trees": [_nodes(tree.tree_, 0) for tree in model.estimators_[:, 0]],
        "line": [round(float(slope), DIGITS) for slope in slopes],
        "intercept": round(float(line.intercept_ - (slopes * mean).sum()), DIGITS),
        "share": LINE_SHARE,
    }


def _nodes(tree: Any, at: int) -> float | list[Any]:
    if tree.children_left[at] < 0:
        leaf = float(tree.value[at].ravel()[0]) * float(TREES["learning_rate"])
        return round(leaf, DIGITS)
    return [
        int(tree.feature[at]),
        round(float(tree.threshold[at]), DIGITS),
        _nodes(tree, tree.children_left[at]),
        _nodes(tree, tree.children_right[at]),
    ]


# --- cross-validation ---------------------------------------------------------------------------


def out_of_fold(
    pairs: Sequence[Pair], rows: Sequence[Mapping[str, float]], rarity: Rarity, scored: int
) -> tuple[list[tuple[float, ...]], list[float]]:
    """For each of the first ``scored`` pairs what a model says that saw no pair of its prompt; and what
    it says overall of each one's response beside the response to another prompt."""
    folds = _folds(pair.prompt for pair in pairs)
    said: dict[int, tuple[float, ...]] = {}
    unlike: list[float] = []
    for fold in range(FOLDS):
        inside = [at for at in range(len(pairs)) if folds[pairs[at].prompt] != fold]
        left = [at for at in range(scored) if folds[pairs[at].prompt] == fold]
        model = model_of(trained([pairs[at] for at in inside], [rows[at] for at in inside], rarity))
        for at, following in zip(left, [*left[1:], *left[:1]], strict=True):
            said[at] = _said(model, rows[at])
            mixed = Pair(pairs[at].prompt, pairs[at].one, pairs[following].other, {})
            unlike.append(_said(model, row_of(mixed, rarity))[-1])
    return [said[at] for at in range(scored)], unlike


def _said(model: Model, row: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(model.of_row([row[name] for name in model.names]))


def _folds(prompts: Iterable[str]) -> dict[str, int]:
    ordered = sorted(set(prompts))
    random.Random(0).shuffle(ordered)  # noqa: S311 - folds are no secret
    return {prompt: at % FOLDS for at, prompt in enumerate(ordered)}


def agreement(pairs: Sequence[Pair], said: Sequence[Sequence[float]], unlike: Sequence[float]) -> Told:
    """Spearman's coefficient with the ratings, head by head, with an interval by a bootstrap over prompts."""
    told: Told = {
        "how": f"{FOLDS} folds by prompt, {len(pairs)} shared pairs; further pairs in training only",
        "unlike_mean": round(sum(unlike) / len(unlike), 3),
    }
    for at, head in enumerate(HEADS):
        found = correlation(
            [row[at] for row in said],
            [pair.marks[head] for pair in pairs],
            [{"prompt": pair.prompt} for pair in pairs],
            coefficient="spearman",
        )
        told[head] = {
            key: round(value, 3)
            for key, value in (("spearman", found.value), ("low", found.low), ("high", found.high))
            if value is not None
        }
    return told


def _libraries() -> tuple[Any, Any]:
    """numpy and scikit-learn, which carry no types."""
    try:
        for name in ("sklearn.ensemble", "sklearn.linear_model"):
            import_module(name)
        return import_module("numpy"), import_module("sklearn")
    except ImportError as error:
        raise MissingExtra("scikit-learn", "similarity", "training the judge resemblance") from error
