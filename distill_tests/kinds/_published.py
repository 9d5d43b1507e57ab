"""The declared set of ``probes: {recorded: all}``: one case for each row of the target's recording."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from distill_tests.errors import BadRows, DataError, NotForTarget, Problem, SpecError
from distill_tests.kinds._declared import by_place, cell_of
from distill_tests.kinds._probe import Probe, groups, labels
from distill_tests.kinds._questions import guessed_language
from distill_tests.plan import Cell
from distill_tests.registry import Recorded, providers
from distill_tests.specfile.cards import absent_files
from distill_tests.types import Case, Model, Place, Pointer, Spec


def recorded_pool(spec: Spec, target: Model) -> dict[Cell, Case]:
    """A case for each row, by its cell; raises SpecError with every problem."""
    place = spec.place("probes", "recorded")
    problems = list(_misfits(spec))
    rows: Sequence[Recorded] = ()
    if not hasattr(providers.get(target.provider).make, "rows"):
        what = f"target {target.alias!r} is no recording, its provider is {target.provider!r}"
        misfit = Problem(place=place, what=what, allowed="take targets with provider: recorded")
        if not problems:
            raise NotForTarget([misfit])
        problems.append(misfit)
    elif absent := tuple(absent_files(target)):
        problems.extend(absent)
    else:
        try:
            rows = _rows(target)
        except BadRows as error:
            problems.extend(error.problems)
        except DataError as error:
            problems.append(Problem(place=place, what=str(error)))
    if problems:
        raise SpecError(sorted(problems, key=by_place))
    cases = [_row_case(*named, place) for named in zip(_row_ids(rows), rows, _samples(rows), strict=True)]
    return {cell_of(case): case for case in cases}


def _misfits(spec: Spec) -> Iterator[Problem]:
    """What cannot stand beside a recording."""
    others: list[Pointer] = [("probes", key) for key in spec.body["probes"] if key != "recorded"]
    others += [("framings",)] if "framings" in spec.body else []
    for pointer in others:
        what = "a recording brings its own questions and framings"
        yield Problem(place=spec.place(*pointer), what=what, allowed=f"remove {pointer[-1]}, or recorded")
    if spec.repeats != 1:
        what = "a recording is read once: each of its rows is a case"
        yield Problem(place=spec.place("repeats"), what=what, got=str(spec.repeats), allowed="repeats: 1")


def _rows(target: Model) -> Sequence[Recorded]:
    recording: Any = providers.get(target.provider).make(target)
    rows: Sequence[Recorded] = recording.rows()
    if not rows:
        raise DataError(f"the recording of {target.alias!r} has no rows")
    return rows


def _row_ids(rows: Sequence[Recorded]) -> Iterator[str]:
    """``row-17`` for line 17; where files of one recording share line numbers, ``row-17-2`` and so on."""
    seen: Counter[int] = Counter()
    for row in rows:
        seen[row.line] += 1
        yield f"row-{row.line}" + (f"-{seen[row.line]}" if seen[row.line] > 1 else "")


def _samples(rows: Sequence[Recorded]) -> Iterator[int]:
    """The sample number of each row: rows with one prompt are replies 0, 1, … to it."""
    seen: Counter[str] = Counter()
    for row in rows:
        yield seen[row.prompt]
        seen[row.prompt] += 1


def _row_case(name: str, row: Recorded, sample: int, place: Place) -> Case:
    question, framing = row.meta.get("question") or row.prompt, row.meta.get("framing", "")
    language = row.meta.get("language") or guessed_language(question)
    around = row.meta.get("framing_id") or (_text_id(framing) if framing else "plain")
    return Case(
        id=name,
        data=Probe(
            question=question,
            framing=framing,
            language=language,
            turns=(row.prompt,),
            recorded=row.verdicts,
            first_sample=sample,
        ),
        place=place,
        tags=labels([language], question, framing),
        clusters={
            "framing": around,
            "question": row.meta.get("question_id") or _text_id(question),
        },
        groups=groups(framing=around, language=language),
    )


def _text_id(text: str) -> str:
    return "text-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
