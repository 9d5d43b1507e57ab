"""How often lineage names the right maker, how often a wrong one, and how other methods do on the same data.

    DISTILL_TESTS_DATA=… python benchmarks/lineage_attribution.py [--write-nulls] [--halves N]

Reads ``lineage/lineage.json`` and ``lineage/responses/`` (AlpacaEval's published model outputs).

right first   the documented maker of a student is that of the nearest panel member.
trial         a student is compared once more with a panel from which its documented maker was taken out;
              naming anyone is then false, except the maker of its base model (reported as base).
operating     the score that at most one trial reaches falsely; a student is attributed where its nearest
point         maker is right and reaches it.

``ours`` sets the maker of a student's base model aside (the default), ``ours, base kept`` does not.  The
baselines keep it; their score is the similarity of the nearest member, standardised over the members, or
its lead over the next maker, whichever attributes more.  Panel members of makers with two members or more
are further students, against the panel without themselves.

The weights of the four readings are equal and were not fitted, but which readings there are was chosen
on these students: numbers on others will be lower.  --halves repeats it on random halves of the prompts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill_tests.inference.intervals import wilson
from distill_tests.lineage.bench import Bench
from distill_tests.lineage.comparing import AT_MOST, DRAWS
from distill_tests.lineage.nulls import METHOD, Null, p_value, shipped_nulls
from distill_tests.lineage.overlaps import Overlaps, overlaps
from distill_tests.lineage.panel import Panel
from distill_tests.lineage.reading import read_panel, read_responses

NULLS = Path(__file__).parents[1] / "distill_tests" / "data" / "lineage_nulls.json"
ALPHAS = (0.05, 0.1, 0.2, 0.5)
Array = NDArray[np.float64]
Responses = Mapping[str, Mapping[str, str]]


class Data(NamedTuple):
    responses: Responses
    panel: Panel
    documented: Mapping[str, str]  # student: maker
    bases: Mapping[str, str]
    sha256: str


class Named(NamedTuple):
    """Whom a method puts first, and how strongly, by each of its scores."""

    maker: str
    strength: Mapping[str, float]


class Result(NamedTuple):
    real: Mapping[str, Named]
    trials: Mapping[str, Named]
    own: Mapping[str, Named]  # panel members, without themselves
    seconds: float


def load(folder: Path) -> Data:
    file = read_panel(folder / "lineage.json")
    stored = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
    documented = {m: maker for maker, models in stored["students"].items() for m in models if maker != "none"}
    digest = hashlib.sha256()
    for path in sorted([folder / "lineage.json", *(folder / "responses").iterdir()]):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return Data(
        read_responses(folder / "responses").answers,
        file.panel,
        documented,
        file.known.bases,
        digest.hexdigest(),
    )


# --- ours ---------------------------------------------------------------------------------------


def bench(data: Data, panel: Panel, others: Sequence[str], half: Sequence[int] | None) -> Bench:
    found = overlaps(data.responses, panel.models, others)
    if half is not None:
        found = part(found, half)
    return Bench(found, panel, draws=DRAWS, level=0.95, seed=0)


def part(found: Overlaps, chosen: Sequence[int]) -> Overlaps:
    """``found`` on some of the prompts; rarity stays that of all."""
    return found._replace(
        prompts=tuple(found.prompts[place] for place in chosen),
        views=found.views[:, chosen],
        gaps=found.gaps[chosen],
        answered=found.answered[chosen],
    )


class Benches(NamedTuple):
    """A bench with the whole panel, and one without each maker, all made once."""

    whole: Bench
    reduced: Mapping[str, Bench]

    @classmethod
    def of(cls, data: Data, half: Sequence[int] | None = None) -> Benches:
        whole = bench(data, data.panel, list(data.documented), half)
        reduced = {}
        for maker in data.panel.members:
            left = Panel({name: models for name, models in data.panel.members.items() if name != maker})
            students = [model for model, own in data.documented.items() if own == maker]
            reduced[maker] = bench(data, left, [*data.panel.members[maker], *students], half)
        return cls(whole, reduced)

    def on(self, half: Sequence[int]) -> Benches:
        def cut(one: Bench) -> Bench:
            return Bench(part(one.found, half), one.panel, draws=DRAWS, level=0.95, seed=0)

        return Benches(cut(self.whole), {maker: cut(one) for maker, one in self.reduced.items()})


def ours(data: Data, benches: Benches, *, base_aside: bool) -> Result:
    start = time.perf_counter()

    def name(one: Bench, model: str, aside: bool = base_aside) -> Named:
        without = (data.bases.get(model),) if aside else ()
        nearest = one.nearest(one.found.models.index(model), without=without)
        return Named(nearest.maker, {"similarity": nearest.similarity})

    return Result(
        real={model: name(benches.whole, model) for model in data.documented},
        trials={model: name(benches.reduced[maker], model) for model, maker in data.documented.items()},
        own={model: name(benches.whole, model) for model in pseudo_students(data.panel)},
        seconds=time.perf_counter() - start,
    )


def nulls(data: Data, benches: Benches) -> list[Null]:
    """Students and panel members, each against the panel without its maker and that of its base model."""
    makers = {**data.documented, **dict(zip(data.panel.models, data.panel.makers, strict=True))}
    return [
        benches.reduced[maker].null(
            benches.reduced[maker].found.models.index(model), maker, data.bases.get(model)
        )
        for model, maker in makers.items()
    ]


def pseudo_students(panel: Panel) -> list[str]:
    return [model for models in panel.members.values() if len(models) > 1 for model in models]


# --- baselines ----------------------------------------------------------------------------------

Scores = Callable[[Sequence[int]], Array]
"""Model x chosen member, higher is nearer."""


def baseline(data: Data, models: Sequence[str], scores: Scores) -> Result:
    start = time.perf_counter()
    members, makers = data.panel.models, data.panel.makers
    cache: dict[tuple[int, ...], Array] = {}

    def name(model: str, without: Collection[str] = ()) -> Named:
        among = [place for place in range(len(members)) if makers[place] not in without]
        if tuple(among) not in cache:
            cache[tuple(among)] = scores(among)
        kept = [at for at, place in enumerate(among) if members[place] != model]
        values = cache[tuple(among)][models.index(model), kept]
        best: dict[str, float] = {}
        for at, value in zip(kept, values.tolist(), strict=True):
            best[makers[among[at]]] = max(best.get(makers[among[at]], -math.inf), value)
        first, second = sorted(best.values(), reverse=True)[:2]
        peak = float((first - values.mean()) / (values.std() + 1e-12))
        return Named(max(best, key=lambda maker: best[maker]), {"peak": peak, "lead": first - second})

    return Result(
        real={model: name(model) for model in data.documented},
        trials={model: name(model, (maker,)) for model, maker in data.documented.items()},
        own={model: name(model) for model in pseudo_students(data.panel)},
        seconds=time.perf_counter() - start,
    )


def plain(found: Overlaps) -> Scores:
    return lambda among: found.views[0].mean(axis=0)[:, among]


def length_only(found: Overlaps) -> Scores:
    return lambda among: -found.gaps.mean(axis=0)[:, among]


def centred(found: Overlaps) -> Scores:
    """Cosines around the mean of the chosen members' answers to each prompt, from cosines around zero."""

    def scores(among: Sequence[int]) -> Array:
        cosines = found.views[0][:, :, among]
        panel = cosines[:, among]
        to_mean = cosines.mean(axis=2)
        mean_to = panel.mean(axis=1)
        square = mean_to.mean(axis=1)
        inner = cosines - to_mean[:, :, None] - mean_to[:, None, :] + square[:, None, None]
        own = found.answered - 2 * to_mean + square[:, None]
        norms = np.sqrt(np.maximum(own, 1e-9))
        averaged: Array = (inner / norms[:, :, None] / norms[:, None, among]).mean(axis=0)
        return averaged

    return scores


def stylometric(data: Data, models: Sequence[str]) -> Scores:
    """Logistic regression on rates of the 200 commonest tokens and on layout; mean log probability."""
    from collections import Counter

    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from distill_tests.lineage.tokens import tokens

    members = data.panel.models
    read = {model: [tokens(text) for text in data.responses[model].values()] for model in models}
    common = Counter(token for model in members for answer in read[model] for token in answer).most_common(
        200
    )
    number = {token: place for place, (token, _) in enumerate(common)}

    def features(model: str) -> Array:
        rows = np.zeros((len(read[model]), len(number) + 2))
        for row, answer in zip(rows, read[model], strict=True):
            for token in answer:
                if token in number:
                    row[number[token]] += 1
            row[:-2] /= max(1, len(answer))
            row[-2] = math.log(len(answer) + 5)
            row[-1] = statistics.fmean(map(len, answer)) if answer else 0
        return np.sqrt(np.abs(rows))

    train = np.concatenate([features(model) for model in members])
    labels = np.repeat(np.arange(len(members)), [len(read[model]) for model in members])
    scaler = StandardScaler().fit(train)
    model_of = LogisticRegression(C=0.1, max_iter=300).fit(scaler.transform(train), labels)
    found: Array = np.stack(
        [model_of.predict_log_proba(scaler.transform(features(model))).mean(axis=0) for model in models]
    )
    return lambda among: found[:, among]


# --- what comes of it ---------------------------------------------------------------------------


class Summary(NamedTuple):
    right: int
    students: int
    macro: float
    own: int
    attributed: int  # at most one false
    attributed_none_false: int
    threshold: float
    named: int  # right, at p <= AT_MOST by the shipped null models
    named_wrong: int
    named_base: int
    trials_named: int  # falsely, at the same p


def summary(data: Data, result: Result) -> Summary:
    right = {model: named.maker == data.documented[model] for model, named in result.real.items()}
    by_maker: dict[str, list[bool]] = {}
    for model, hit in right.items():
        by_maker.setdefault(data.documented[model], []).append(hit)
    own = dict(zip(data.panel.models, data.panel.makers, strict=True))
    points = []
    for score in next(iter(result.real.values())).strength:
        false = sorted(
            (
                named.strength[score]
                for model, named in result.trials.items()
                if named.maker != data.bases.get(model)
            ),
            reverse=True,
        )
        above = [
            sum(right[m] and n.strength[score] > false[k] for m, n in result.real.items()) for k in (1, 0)
        ]
        points.append((above[0], above[1], false[1]))
    best = max(points)
    nulls_now = shipped_nulls()

    def is_named(one: Named) -> bool:
        return "similarity" in one.strength and p_value(one.strength["similarity"], nulls_now) <= AT_MOST

    chosen = {model: named for model, named in result.real.items() if is_named(named)}
    based = [model for model, named in chosen.items() if named.maker == data.bases.get(model)]
    return Summary(
        right=sum(right.values()),
        students=len(right),
        macro=statistics.fmean(statistics.fmean(hits) for hits in by_maker.values()),
        own=sum(named.maker == own[model] for model, named in result.own.items()),
        attributed=best[0],
        attributed_none_false=best[1],
        threshold=best[2],
        named=sum(right[model] for model in chosen),
        named_wrong=sum(not right[model] and model not in based for model in chosen),
        named_base=len(based),
        trials_named=sum(
            is_named(named) and named.maker != data.bases.get(model) for model, named in result.trials.items()
        ),
    )


def rate(count: int, n: int) -> str:
    low, high = wilson(count, n)
    return f"{count}/{n} = {count / n:.2f} [{low:.2f}, {high:.2f}]"


def row(name: str, data: Data, result: Result, seconds: float) -> str:
    one, own = summary(data, result), len(pseudo_students(data.panel))
    took = "-" if math.isnan(seconds) else f"{seconds:.0f}"
    return (
        f"| {name} | {rate(one.right, one.students)} | {one.macro:.2f} | {rate(one.own, own)} "
        f"| {rate(one.attributed, one.students)} | {one.attributed_none_false} | {took} |"
    )


def calibration(tried: Sequence[Null], against: Sequence[Null]) -> str:
    """How often a null model's p, from null models of the other kind, is at most alpha."""
    values = [p_value(one.similarity, against) for one in tried]
    return "  ".join(f"p <= {a:g}: {rate(sum(v <= a for v in values), len(values))}" for a in ALPHAS)


def write_nulls(data: Data, found: Sequence[Null]) -> None:
    stored: dict[str, Any] = {
        "about": "Scores of models against a panel without their own maker; made by "
        "benchmarks/lineage_attribution.py --write-nulls. Numbers only.",
        "method": METHOD,
        "data": "AlpacaEval model outputs (tatsu-lab/alpaca_eval, Apache-2.0), 380 prompts",
        "sha256": data.sha256,
        "panel": data.panel.members,
        "nulls": [
            {
                "model": one.model,
                "without": one.without,
                "nearest": one.nearest,
                # Rounded up: a null model that meets its own number again never beats it.
                "similarity": math.ceil(one.similarity * 1000) / 1000,
            }
            for one in found
        ],
    }
    NULLS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--write-nulls", action="store_true")
    options.add_argument("--halves", type=int, default=6)
    parsed = options.parse_args()
    data = load(Path(os.environ["DISTILL_TESTS_DATA"]) / "lineage")
    start = time.perf_counter()
    found = bench(data, data.panel, list(data.documented), None).found
    seconds = time.perf_counter() - start
    benches = Benches.of(data)
    results = {
        "ours": (ours(data, benches, base_aside=True), seconds),
        "ours, base kept": (ours(data, benches, base_aside=False), seconds),
    }
    for name, scores in (
        ("plain TF-IDF", plain(found)),
        ("centred TF-IDF", centred(found)),
        ("stylometric classifier", stylometric(data, found.models)),
        ("length only", length_only(found)),
    ):
        results[name] = (baseline(data, found.models, scores), math.nan)
    print("| method | right first | macro | panel members | attributed, <= 1 false | none false | s |")
    print("|---|---|---|---|---|---|---|")
    for name, (result, taken) in results.items():
        print(row(name, data, result, taken))
    mine = results["ours"][0]
    print(
        "\n| student | documented | nearest | similarity | trial: nearest | similarity |\n"
        "|---|---|---|---|---|---|"
    )
    for model, maker in data.documented.items():
        real, trial = mine.real[model], mine.trials[model]
        print(
            f"| {model} | {maker} | {real.maker} | {real.strength['similarity']:.2f} "
            f"| {trial.maker} | {trial.strength['similarity']:.2f} |"
        )
    collected = nulls(data, benches)
    if parsed.write_nulls:
        write_nulls(data, collected)
    one = summary(data, mine)
    print(
        f"\nnamed at p <= {AT_MOST:g}: right {rate(one.named, one.students)}, wrong {one.named_wrong}; "
        f"in trials, falsely: {rate(one.trials_named, one.students)}"
    )
    print(
        "\nnull models, highest:",
        ", ".join(
            f"{one.model} > {one.nearest} {one.similarity:.2f}"
            for one in sorted(collected, key=lambda one: -one.similarity)[:6]
        ),
    )
    students = [one for one in collected if one.model in data.documented]
    members = [one for one in collected if one.model not in data.documented]
    print("p of students, from members: ", calibration(students, members))
    print("p of members, from students: ", calibration(members, students))
    if parsed.halves:
        halves(data, benches, parsed.halves)


def halves(data: Data, benches: Benches, count: int) -> None:
    rng = np.random.default_rng(0)
    size = len(benches.whole.found.prompts)
    found = [
        summary(data, ours(data, benches.on(sorted(rng.permutation(size)[: size // 2])), base_aside=True))
        for _ in range(count)
    ]
    for name in Summary._fields:
        values = [getattr(one, name) for one in found]
        spread = f"{min(values):.2f} to {max(values):.2f}"
        print(f"halves of the prompts, {name}: mean {statistics.fmean(values):.2f}, {spread}")


if __name__ == "__main__":
    main()
