"""How well ``blend`` and the offline metrics agree with people's ratings of captions.

    python benchmarks/caption_agreement.py MSVD.json [--embedding MODEL.onnx TOKENIZER.json]

Kendall's tau-b with people's item means, for each dimension and for the average, with 95 % intervals of the
average by a bootstrap over videos; then how far ``blend`` is above each metric on the same clips.  The file
is of MSVD-Eval's form (``python -m distill_tests.captions.train --help``).

On the file that ``blend`` was fitted to, its line is out of sample: each clip is rated by weights fitted
without any clip of its video.  What was chosen by hand (the features, the penalty, one of several forms) was
chosen on these clips, so that line still flatters it a little.  On any other file the shipped weights are
used.  CIDEr-D takes its run frequencies from the file's own references.  ``sentence embedding`` is the cosine
with the nearest reference, by a model on disk.  ``people`` is one person with the other.  How far
their ratings of two dimensions go together is shown below it.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distill_tests.captions.blend import DIMENSIONS, rated, shipped_data_sha256
from distill_tests.captions.cider import Captioned, cider_d
from distill_tests.captions.embedding import nearest_references
from distill_tests.captions.features import features
from distill_tests.captions.metrics import METRICS, metric
from distill_tests.captions.reading import read_caption
from distill_tests.captions.train import RatedClip, out_of_sample, rated_clips
from distill_tests.inference.bootstrap import bootstrap
from distill_tests.inference.correlation import correlation, kendall
from distill_tests.types import Estimate

COLUMNS = (*DIMENSIONS, "average")


class Scores(NamedTuple):
    """Of one metric, its scores of all clips by dimension; a metric of one number has the same for all."""

    name: str
    by_dimension: Mapping[str, Sequence[float]]


def blend_scores(path: Path, clips: Sequence[RatedClip]) -> Scores:
    """Out of sample on the file that the shipped weights were fitted to."""
    if hashlib.sha256(path.read_bytes()).hexdigest() == shipped_data_sha256():
        rows = [features(read_caption(clip.caption, clip.references)) for clip in clips]
        found = out_of_sample(rows, clips)
        name = "blend, out of sample"
    else:
        ratings = [rated(clip.caption, clip.references) for clip in clips]
        found = [{**one.by_dimension, "average": one.average} for one in ratings]
        name = "blend"
    return Scores(name, {column: [row[column] for row in found] for column in COLUMNS})


def metric_scores(clips: Sequence[RatedClip]) -> list[Scores]:
    found = [_same(name, [metric(name, clip.caption, clip.references) for clip in clips]) for name in METRICS]
    return [
        *found,
        _same("cider_d", cider_d([Captioned(clip.caption, clip.references) for clip in clips])),
    ]


def _same(name: str, scores: Sequence[float]) -> Scores:
    return Scores(name, dict.fromkeys(COLUMNS, scores))


def people_with_each_other(path: Path, videos: Sequence[Mapping[str, str]]) -> list[Estimate]:
    """tau-b of the first person with the second, by column; MSVD-Eval's file has two a clip."""
    held = json.loads(path.read_text(encoding="utf-8")).values()
    rows = [[[*one[:4], math.fsum(one[:4])] for one in entry["human_score"][:2]] for entry in held]
    return [
        correlation([a[i] for a, _ in rows], [b[i] for _, b in rows], videos, coefficient="kendall")
        for i in range(len(COLUMNS))
    ]


def dimensions_with_each_other(
    clips: Sequence[RatedClip], videos: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    """Pearson's coefficient of people's item means on each two dimensions."""
    for one, other in itertools.combinations(DIMENSIONS, 2):
        x, y = ([clip.ratings[name] for clip in clips] for name in (one, other))
        found = correlation(x, y, videos, coefficient="pearson")
        yield f"{one} and {other}".ljust(32) + _cells([found.value]) + _range(found.low, found.high)


def difference(
    one: Sequence[float], other: Sequence[float], clips: Sequence[RatedClip], column: str
) -> tuple[float, float | None, float | None]:
    """How much higher the tau-b of ``one`` is than that of ``other`` on the same clips."""
    people = [clip.ratings[column] for clip in clips]

    def of_counts(times: Sequence[int]) -> float | None:
        taus = [kendall(_repeated(scores, times), _repeated(people, times)) for scores in (one, other)]
        return None if taus[0] is None or taus[1] is None else taus[0] - taus[1]

    value = of_counts([1] * len(clips))
    drawn = bootstrap(of_counts, [{"video": clip.video} for clip in clips], resamples=1000)
    return value if value is not None else math.nan, drawn.low, drawn.high


def _repeated(values: Sequence[float], times: Sequence[int]) -> list[float]:
    return [value for value, count in zip(values, times, strict=True) for _ in range(count)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, metavar="MSVD.json")
    parser.add_argument("--embedding", type=Path, nargs=2, metavar=("MODEL.onnx", "TOKENIZER.json"))
    parsed = parser.parse_args(arguments)
    path: Path = parsed.data
    clips = rated_clips(path)
    videos = [{"video": clip.video} for clip in clips]
    count = len({clip.video for clip in clips})
    print(f"{len(clips)} clips of {count} videos, all scored; tau-b x 100 with item means\n")
    print(f"{'':24}" + "".join(f"{column[:8]:>10}" for column in COLUMNS) + "   95 % of the average")
    started = time.perf_counter()
    ours = blend_scores(path, clips)
    seconds = time.perf_counter() - started
    every = [ours, *metric_scores(clips)]
    if parsed.embedding:
        captions, references = [clip.caption for clip in clips], [clip.references for clip in clips]
        every.append(_same("sentence embedding", nearest_references(captions, references, *parsed.embedding)))
    for scores in every:
        found = [
            correlation(
                scores.by_dimension[column],
                [clip.ratings[column] for clip in clips],
                videos,
                coefficient="kendall",
                resamples=2000 if column == "average" else 100,
            )
            for column in COLUMNS
        ]
        average = found[-1]
        print(f"{scores.name:24}" + _cells([one.value for one in found]) + _range(average.low, average.high))
    people = people_with_each_other(path, videos)
    print(f"{'people':24}" + _cells([one.value for one in people]) + _range(people[-1].low, people[-1].high))
    print("\npeople's ratings of two dimensions, Pearson x 100, 95 %:")
    for told in dimensions_with_each_other(clips, videos):
        print(told)
    print(f"\n{ours.name} less the other, paired, 95 %:        average            conciseness")
    for scores in every[1:]:
        cells = [
            difference(ours.by_dimension[column], scores.by_dimension[column], clips, column)
            for column in ("average", "conciseness")
        ]
        print(f"{scores.name:38}" + "".join(f"{100 * one[0]:8.1f}{_range(*one[1:])}" for one in cells))
    print(f"\nblend: {seconds:.1f} s")
    return 0


def _cells(values: Sequence[float | None]) -> str:
    return "".join(f"{'-' if value is None else f'{100 * value:.1f}':>10}" for value in values)


def _range(low: float | None, high: float | None) -> str:
    return "  [-]" if low is None or high is None else f"  [{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    sys.exit(main())
