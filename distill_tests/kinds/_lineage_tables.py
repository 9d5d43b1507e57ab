"""What lineage shows: of a case who answered; of a run the ranking of each target, and how alike all are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from distill_tests.display import shorten, visible
from distill_tests.errors import DistillError
from distill_tests.lineage import similarity_matrix
from distill_tests.lineage.audited import DETAILS, Answers, answers_in, finding_of
from distill_tests.lineage.comparing import AT_MOST
from distill_tests.tables import tables_by_spec
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
    """For each spec a ranking of each target, how alike the targets are, and how alike all are."""
    return tables_by_spec(records, _of_spec)


def _of_spec(records: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    rows = [row for row in records if row["type"] == "case" and row["trials"]]
    if not rows:
        return
    texts: dict[str, Mapping[str, str]] = {}
    targets = tuple(dict.fromkeys(row["target"] for row in rows))
    title = rows[0]["title"]
    for target in targets:
        answers = answers_in(row for row in rows if row["target"] == target)
        if answers is None:
            continue
        texts |= {
            alias: found for alias, found in answers.texts.items() if alias not in texts or alias == target
        }
        yield _ranking(title, answers, _gate_of(records, target))
    audited = {alias: found for alias, found in texts.items() if alias in targets}
    if len(audited) > 1:
        yield from _matrix(f"{title}: how alike the models under audit are", audited, targets)
    if len(texts) > len(audited):
        yield from _matrix(f"{title}: how alike they and the panel are", texts, targets)


def _gate_of(rows: Sequence[Mapping[str, Any]], target: str) -> Mapping[str, Any]:
    """The record of the target's gate on lineage; empty without one."""
    for row in rows:
        gate = row.get("gate") or {}
        if row["target"] == target and gate.get("statistic") == "no_teacher" and gate.get("at_least"):
            return row
    return {}


def _ranking(title: str, answers: Answers, gate: Mapping[str, Any]) -> Table:
    """As the target's gate found it; without a gate, or where that could not decide, compared here.

    A maker is named up to the gate's p-value, else up to the usual one.
    """
    title = f"{answers.target}: whose answers its own are nearest to ({title})"
    columns = ("member", "maker", "similarity", "p")
    at_most = float(gate["gate"]["at_least"]) if gate else AT_MOST
    told: Any = (gate.get("estimate") or {}).get("details") or {}
    try:
        told = told if "ranking" in told else finding_of(answers, at_most=at_most).as_json()
    except DistillError as error:
        return Table(title=title, columns=columns, rows=(), notes=(str(error),))
    rows = tuple(
        (
            one["member"],
            one["maker"],
            Number(value=one["similarity"], low=one["low"], high=one["high"]),
            one["p"],
        )
        for one in told["ranking"]
    )
    return Table(
        title=title, columns=columns, rows=rows, notes=tuple(_notes(answers, told, at_most)), brief=SHOWN
    )


def _notes(answers: Answers, told: Mapping[str, Any], at_most: float) -> Iterator[str]:
    yield f"{_capital(told['reason'])}." if told["nearest"] else f"None can be named: {told['reason']}."
    yield MEANING
    p = (
        f"p is how often one of {told['nulls']} null models is as near to the maker nearest to it, and is "
        f"never below {told['finest_p']:.3g}. Named up to p = {at_most:g}."
    )
    yield (
        f"Over {told['prompts']} prompts; similarity in standard deviations over the candidates, with 95 % "
        f"intervals (bootstrap over prompts); {p if told['nulls'] else 'no p-value: there is no null model.'}"
    )
    for alias, count in answers.missing.items():
        yield f"{alias}: no answer to {count} prompts."
    if told.get("absent"):
        yield f"Left out, for too few answers: {', '.join(told['absent'])}."
    if told["missing"]:
        yield f"{answers.target}: no answer to {told['missing']} of the prompts."
    if told.get("one_word"):
        yield f"{answers.target}: {told['one_word']} answers of one word."
    yield from (f"{_capital(note)}." for note in told["notes"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _matrix(title: str, texts: Mapping[str, Mapping[str, str]], targets: Sequence[str]) -> Iterator[Table]:
    """All pairs, in the order of their clustering; among others the models under audit are marked."""
    try:
        found = similarity_matrix(texts)
    except DistillError as error:
        yield Table(title=title, columns=("model",), rows=(), notes=(str(error),))
        return
    mixed = any(name not in targets for name in found.models)
    shown = {name: f"{name} (audited)" if mixed and name in targets else name for name in found.models}
    place = {name: number for number, name in enumerate(found.models)}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (shown[one], *(found.plain[place[one]][place[other]] for other in found.order)) for one in found.order
    )
    mean = f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
    yield Table(
        title=title,
        columns=("model", *(shown[one] for one in found.order)),
        rows=rows,
        digits=2,
        brief=0 if mixed else None,
        notes=(
            f"Mean over all pairs {mean} (95 %, bootstrap over {found.prompts} prompts): cosines of words "
            "and word pairs on the same prompts. Neighbours are those of a tree (average linkage) of what is "
            "left once what all share is taken out.",
            *(
                f"{alias}: no answer to {count} of the prompts; its pairs are over the others."
                for alias, count in found.missing.items()
                if count
            ),
        ),
    )
