"""What lineage shows: of a case who answered; of a run the ranking of each target, and how alike all are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from distill_tests.display import shorten, visible
from distill_tests.errors import DistillError
from distill_tests.lineage import similarity_matrix
from distill_tests.lineage.audited import DETAILS, Answers, Finding, answers_in, finding_of
from distill_tests.types import Cell, Number, Outcome, Table

MOST_CHARACTERS: Final = 300
SHOWN: Final = 3
MEANING: Final = (
    "Nearest says whose answers a model's are like, not what it was trained on: a shared base model, public "
    "texts, licensed or disclosed derivation are innocent causes (docs/lineage.md)."
)


def lineage_lines(outcome: Outcome) -> Iterator[str]:
    """The prompt, the answer, and who of the panel did not answer."""
    trial = outcome.trials[0]
    place = outcome.case.place
    yield f"{place.path}:{place.line}  lineage prompt on {outcome.target.alias}"
    yield f"  asked:   {_short(' / '.join(outcome.case.data.turns))}"
    yield f"  answer:  {_short(trial.answer)}"
    told = trial.score.details.get(DETAILS)
    missing = told.get("missing", {}) if isinstance(told, Mapping) else {}
    for alias, trouble in dict(missing).items() if isinstance(missing, Mapping) else ():
        yield f"  missing: {alias}: {_short(str(trouble))}"


def _short(text: str) -> str:
    return shorten(visible(text), MOST_CHARACTERS)


def lineage_tables(records: Sequence[Mapping[str, Any]]) -> tuple[Table, ...]:
    """For each spec a ranking of each target, and one matrix over all models that were asked."""
    by_spec: dict[str, list[Mapping[str, Any]]] = {}
    for row in records:
        if row["type"] == "case" and row["trials"]:
            by_spec.setdefault(row["spec"], []).append(row)
    return tuple(table for rows in by_spec.values() for table in _of_spec(rows))


def _of_spec(rows: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    texts: dict[str, Mapping[str, str]] = {}
    for target in dict.fromkeys(row["target"] for row in rows):
        answers = answers_in(row for row in rows if row["target"] == target)
        if answers is None:
            continue
        texts |= {
            alias: found for alias, found in answers.texts.items() if alias not in texts or alias == target
        }
        yield _ranking(rows[0]["title"], answers)
    if len(texts) > 1:
        yield from _matrix(rows[0]["title"], texts)


def _ranking(title: str, answers: Answers) -> Table:
    title = f"{title}: whose answers {answers.target}'s are nearest to"
    columns = ("member", "maker", "similarity", "p")
    try:
        found = finding_of(answers)
    except DistillError as error:
        return Table(title=title, columns=columns, rows=(), notes=(str(error),))
    rows = tuple(
        (one.member, one.maker, Number(value=one.similarity, low=one.low, high=one.high), one.p)
        for one in found.attribution.ranking
    )
    return Table(title=title, columns=columns, rows=rows, notes=tuple(_notes(answers, found)), brief=SHOWN)


def _notes(answers: Answers, found: Finding) -> Iterator[str]:
    told = found.attribution
    yield f"{told.reason}." if told.nearest else f"None can be named: {told.reason}."
    yield MEANING
    yield (
        f"Over {told.prompts} prompts; similarity in standard deviations over the candidates, with 95 % "
        f"intervals (bootstrap over prompts); p is how often one of {found.nulls} null models is as near to "
        f"the maker nearest to it, and is never below {found.finest:.3g}."
    )
    for alias, count in answers.missing.items():
        yield f"{alias}: no answer to {count} prompts."
    if found.absent:
        yield f"Left out, for too few answers: {', '.join(found.absent)}."
    if told.missing:
        yield f"{answers.target}: no answer to {told.missing} of the prompts."
    if told.short:
        yield f"{answers.target}: {told.short} answers of one word."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in told.notes)


def _matrix(title: str, texts: Mapping[str, Mapping[str, str]]) -> Iterator[Table]:
    """All pairs, in the order of their clustering."""
    try:
        found = similarity_matrix(texts)
    except DistillError:
        return  # the rankings say what is wrong with the answers
    place = {name: number for number, name in enumerate(found.models)}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one, *(found.plain[place[one]][place[other]] for other in found.order)) for one in found.order
    )
    mean = f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
    yield Table(
        title=f"{title}: how alike all the models are",
        columns=("model", *found.order),
        rows=rows,
        digits=2,
        brief=0,
        notes=(
            f"Mean over all pairs {mean} (95 %, bootstrap over {found.prompts} prompts): cosines of words "
            "and word pairs on the same prompts. Neighbours are those of a tree (average linkage) of what is "
            "left once what all share is taken out.",
        ),
    )
