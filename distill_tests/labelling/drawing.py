"""Which answers go on a sheet, and the line by which a sheet says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from distill_tests.inference.ppi import drawn_for_labels
from distill_tests.labelling.answers import Answer, Audited
from distill_tests.plan import rank

_LINE = re.compile(
    r"run (?P<run>\S+), (?:share (?P<share>[0-9.]+)|size (?P<size>[0-9]+)), seed (?P<seed>-?[0-9]+), "
    r"of (?P<of>[0-9]+) answers by (?P<target>\S+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A share of the answers, or a number of them, by a seed; raises ValueError for neither or none."""

    share: float | None = None
    size: int | None = None
    seed: int = 7

    def __post_init__(self) -> None:
        if (self.share is None) == (self.size is None):
            raise ValueError("give a share of the answers or a number of them")
        if self.share is not None and not 0.0 < self.share <= 1.0:
            raise ValueError(f"a share of {self.share:g}: above 0, up to 1")
        if self.size is not None and self.size < 2:
            raise ValueError(f"{self.size} answers carry no estimate: it takes two or more")

    def chance(self, answers: int) -> float:
        """The chance with which each of so many answers is drawn."""
        if self.share is not None:
            return self.share
        assert self.size is not None
        return min(1.0, self.size / answers)


def drawn(about: Audited, drawing: Drawing) -> tuple[Answer, ...]:
    """The answers to be labelled, in the run's order; decided by their ids and the seed alone."""
    ids = [answer.id for answer in about.answers]
    if drawing.share is not None:
        chosen = set(drawn_for_labels(ids, share=drawing.share, seed=drawing.seed))
    else:
        chosen = set(sorted(ids, key=lambda name: rank(drawing.seed, "label", name))[: drawing.size])
    return tuple(answer for answer in about.answers if answer.id in chosen)


def line_of(about: Audited, drawing: Drawing) -> str:
    """What stands in each row of a sheet, so that it can be read back without being told again."""
    how = f"share {drawing.share}" if drawing.share is not None else f"size {drawing.size}"
    return f"run {about.run}, {how}, seed {drawing.seed}, of {len(about.answers)} answers by {about.target}"


def drawing_in(line: str) -> tuple[str, str, Drawing] | None:
    """The run's id, the target and the drawing that a line of a sheet tells; None of another line."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        return None
    try:
        share = float(found["share"]) if found["share"] else None
        size = int(found["size"]) if found["size"] else None
        return found["run"], found["target"], Drawing(share=share, size=size, seed=int(found["seed"]))
    except ValueError:
        return None
