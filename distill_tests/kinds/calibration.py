"""``kind: calibration``: is a judge itself to be trusted?

The spec's judge is what is audited: its verdicts on gold rows are held against their labels, one row a case,
and laws that hold of any identity judge are tried on sentences made for the purpose, one law a case.  The
disagreements are shown one by one; gates are put on kappa and other statistics (``stats/agreement.py``).

In the place of gold rows stand captions that people rated (``ratings``): how far the judge's order of them
agrees with people's, beside the offline metrics (``stats/rating_agreement.py``).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from distill_tests.calibrations import heading
from distill_tests.display import is_blank
from distill_tests.errors import Problem, SpecError
from distill_tests.gold import DETAILS, GoldRow, compared, disagreements
from distill_tests.kinds._comparing import comparison_lines
from distill_tests.kinds._gold import Row, gold_rows
from distill_tests.kinds._law_cases import LawCase, broken, law_cases, law_lines, law_trial
from distill_tests.kinds._ratings import exhibit_of, rated_case, rated_rows
from distill_tests.kinds._ratings_showing import rating_lines
from distill_tests.kinds._ratings_tables import rating_tables
from distill_tests.ratings.beside import DETAILS as RATED
from distill_tests.ratings.beside import RatedRow, told
from distill_tests.registry import Declared, judges, kind
from distill_tests.specfile.schemas import shipped
from distill_tests.types import Ask, Case, Judging, Model, Outcome, Request, Score, Spec, Table, Trial

LAWS_GATE = "laws_held"
MOST_CHARACTERS = 80
"""Of a row's id in the name of its test."""


@kind("calibration", schema=shipped("calibration.json"))
class Calibration:
    """Gold rows and laws; a verdict that is not the label's, and a law that is broken, is wrong."""

    subject = "judge"

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:  # noqa: ARG002 - the protocol's signature
        """A case for each gold row or rated caption in file order, then one a law; raises SpecError."""
        problems = list(_misfits(spec))
        if problems and ("gold" in spec.body) == ("ratings" in spec.body):
            raise SpecError(problems)
        declared = _declared(spec)
        laws = law_cases(spec, declared)
        if problems:
            raise SpecError(problems)
        if "ratings" in spec.body:
            rated = rated_rows(spec, declared)
            return tuple(map(rated_case, rated, _names([(one.id, one.line) for one in rated])))
        rows = gold_rows(spec, declared)
        unknown = list(_unknown_labels(spec, rows))
        if unknown:
            raise SpecError(unknown)
        ids = [(one.row.exhibit.id, one.line) for one in rows]
        names = _names(ids, taken=[law.id for law in laws])
        cases = map(_case, rows, names)
        return (*cases, *(replace(law, data=_hashed(law, rows)) for law in laws))

    def opening(self, case: Case, spec: Spec, target: Model) -> Request | None:  # noqa: ARG002 - the protocol's
        """None: only the judge knows what it asks its model."""
        return None

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:
        """What the judge asks its model: of a law, for every verdict that trying and shrinking may take."""
        least, most = _declared(spec).calls
        if isinstance(case.data, LawCase):
            return least * case.data.law.verdicts, most * case.data.most_verdicts
        return least, most

    async def conduct(
        self,
        case: Case,
        spec: Spec,
        target: Model,  # noqa: ARG002 - the protocol's signature
        *,
        sample: int,  # noqa: ARG002
        ask: Ask,  # noqa: ARG002 - the judge has its own
        judge: Judging,
    ) -> Trial:
        """The judge's verdict on a gold row beside its labels, or what came of trying a law."""
        if isinstance(case.data, LawCase):
            return await law_trial(case.data, judge)
        if isinstance(case.data, RatedRow):
            return await _rated_trial(case.data, judge)
        row: GoldRow = case.data
        score = await judge(row.exhibit)
        beside = compared(row, score)
        if row.about is not None:
            beside["about"] = heading(row.about, spec)
        details = {**score.details, DETAILS: beside}
        return Trial(exchanges=(), answer=row.exhibit.answer, score=replace(score, details=details))

    def wrong(self, trial: Trial) -> bool:
        """Whether the judge says other than a label, or breaks a law."""
        return bool(disagreements(trial.score)) or broken(trial.score)

    def explain(self, outcome: Outcome) -> str:
        """Response, labels (or ratings) and verdict; of a law the answers that break it; visible text."""
        if isinstance(outcome.case.data, RatedRow):
            return "\n".join(rating_lines(outcome))
        lines = law_lines if isinstance(outcome.case.data, LawCase) else comparison_lines
        return "\n".join(lines(outcome))

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        """Of calibrations with ratings: the judge beside the offline metrics and beside people."""
        return rating_tables(records)


async def _rated_trial(row: RatedRow, judge: Judging) -> Trial:
    """The judge's score of a caption beside people's; of an empty caption no judge is asked."""
    caption = row.item.caption
    if not is_blank(caption):
        score = await judge(exhibit_of(row.item))
    else:
        score = Score(value=None, label="unscored", reason="the caption is empty")
    beside = told(row, score, await asyncio.to_thread(row.metrics, row.item))
    if row.about is not None:
        beside["about"] = row.about
    details = {**score.details, RATED: beside}
    return Trial(exchanges=(), answer=caption, score=replace(score, details=details))


def _declared(spec: Spec) -> Declared:
    assert spec.judge is not None, "the schema asks for a judge"
    return judges.get(spec.judge.name).declared(spec.judge.options)


def _names(ids: Iterable[tuple[str, int]], *, taken: Iterable[str] = ()) -> Iterator[str]:
    """What the rows' tests are called: their ids (each with its line), as far as a test's name may hold them.

    Of two ids that would make the same name the later one's has a hash of its id.
    """
    seen = set(taken)
    for written, line in ids:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", written).strip("-.")[:MOST_CHARACTERS] or f"row-{line}"
        if name in seen:
            digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
            name = f"{name}-{digest[:8]}"
        seen.add(name)
        yield name


def _case(one: Row, name: str) -> Case:
    row = one.row
    return Case(
        id=name,
        data=row,
        place=one.place,
        tags=tuple(dict.fromkeys(filter(None, (row.language, row.target)))),
        clusters=one.clusters,
    )


def _hashed(law: Case, rows: tuple[Row, ...]) -> LawCase:
    """Laws belong to the same declared set, though the gold file's hash does not cover them."""
    data: LawCase = law.data
    return replace(data, set_hash=rows[0].row.set_hash)


def _misfits(spec: Spec) -> Iterator[Problem]:
    """What cannot stand in a calibration."""
    given = [key for key in ("gold", "ratings") if key in spec.body]
    if len(given) != 1:
        what = "a calibration has gold or ratings, not both" if given else "neither gold nor ratings"
        place = spec.place("ratings") if given else spec.place()
        allowed = "gold: answers with labels; ratings: captions that people rated"
        yield Problem(place=place, what=what, allowed=allowed)
    if ("targets",) in spec.places:
        what = "a calibration audits its judge, and has no targets"
        yield Problem(place=spec.place("targets"), what=what, allowed="remove this key")
    if "ratings" in spec.body and "laws" in spec.body:
        what = "laws are of identity judges, and ratings of captions"
        yield Problem(place=spec.place("laws"), what=what, allowed="remove this key")
    if spec.repeats != 1:
        what = "a calibration puts each row to the judge once"
        yield Problem(
            place=spec.place("repeats"),
            what=what,
            got=str(spec.repeats),
            allowed="remove this key; a judge that asks a model has votes of its own",
        )
    gates = [gate for gate in spec.gates if gate.statistic == LAWS_GATE]
    if "laws" in spec.body and spec.on_miss == "gate" and not gates:
        what = "no gate would punish a law that is broken"
        yield Problem(
            place=spec.place("laws"), what=what, allowed=f"add the gate {LAWS_GATE}: {{at_least: 1}}"
        )
    for gate in gates if "laws" not in spec.body else ():
        what = f"gate {gate.name!r} is about laws, and none is tried"
        yield Problem(place=gate.place or spec.place("gates"), what=what, allowed="add laws: all")


def _unknown_labels(spec: Spec, rows: tuple[Row, ...]) -> Iterator[Problem]:
    """Gates about a label that no row has."""
    about = rows[0].row.about
    names = about.names if about else ()
    for gate in spec.gates:
        wanted = str(gate.options.get("of", "loose"))
        if gate.statistic != LAWS_GATE and wanted not in names:
            what = f"gate {gate.name!r}: no row of {rows[0].place.path} has a label {wanted!r} that counts"
            allowed = f"of: {' or '.join(names)}"
            yield Problem(place=gate.place or spec.place("gates"), what=what, allowed=allowed)
