"""A rated caption and what a judge makes of it as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from distill_tests import display
from distill_tests.kinds._showing import shown
from distill_tests.ratings.beside import DETAILS, RatedRow
from distill_tests.types import Outcome

MOST_REFERENCES: Final = 3


def rating_lines(outcome: Outcome) -> Iterator[str]:
    """Where the item stands, the caption, some references, people's ratings and the judge's numbers."""
    row: RatedRow = outcome.case.data
    item, place, score = row.item, outcome.case.place, outcome.trials[0].score
    yield display.visible(f"{place.path}:{place.line}  rated caption {item.id} (clip {item.clip})")
    for name, path in (("image", item.image), ("video", item.video)):
        if path is not None:
            yield from shown(name, path)
    yield from shown("caption", item.caption, score.evidence)
    for number, text in enumerate(item.references[:MOST_REFERENCES]):
        more = len(item.references) - MOST_REFERENCES
        last = f"  (and {more} more)" if more > 0 and number == MOST_REFERENCES - 1 else ""
        yield from shown("" if number else "beside", text + last)
    if item.pair is not None:
        yield from shown("pair", f"{item.pair.name}: {'better' if item.pair.is_better else 'worse'}")
    ratings = "; ".join(f"{name} {_numbers(some)}" for name, some in item.ratings.items())
    if ratings:
        yield from shown("raters", ratings)
    details: Any = score.details.get(DETAILS) or {}
    judged: Mapping[str, float] = details.get("judged", {})
    marks = ", ".join(f"{name} {number:.3g}" for name, number in judged.items())
    value = "unscored" if score.value is None else f"{score.value:.3g}"
    yield from shown("judged", f"{marks or value} ({score.judge}): {score.label}: {score.reason}")


def _numbers(some: Sequence[float | None]) -> str:
    return " ".join("-" if number is None else f"{number:g}" for number in some)
