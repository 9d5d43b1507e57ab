"""``distill-tests lineage``: whose likeness recorded models have, by their responses."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, get_args

from distill_tests.cli.exits import OK, say
from distill_tests.display import pad, visible, width
from distill_tests.errors import DataError
from distill_tests.lineage.attribution import Attribution, Comparison
from distill_tests.lineage.comparing import AT_MOST, DRAWS, LEVEL, compare
from distill_tests.lineage.nulls import METHOD
from distill_tests.lineage.panel import BaseUse
from distill_tests.lineage.reading import KEYS, read_panel, read_responses
from distill_tests.rundir import write_atomically

HELP: Final = "say which maker's answers recorded models are nearest to"
SHOWN: Final = 3
CAUTION: Final = (
    "Nearest is a statement about answers, not about training: it does not mean that a model was trained on "
    "another's output. Innocent causes, and what the p-values rest on: docs/lineage.md."
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Compare recorded responses with those of a panel of candidate teachers, prompt by prompt. Each "
        "model of the folder that is no member of the panel is put before it by itself; under which maker "
        f"the panel file lists it is not used. {CAUTION}"
    )
    add = command.add_argument
    add(
        "responses",
        type=Path,
        metavar="DIR",
        help="MODEL.jsonl or MODEL.jsonl.gz a model: rows of id, prompt, response",
    )
    add(
        "--panel",
        type=Path,
        required=True,
        metavar="JSON",
        help="panel (maker: members); optionally students, bases (model: maker), siblings (model: members)",
    )
    add("--output", type=Path, metavar="OUT.json", help="all of it, as JSON")
    add(
        "--at-most",
        type=float,
        default=AT_MOST,
        metavar="P",
        help="name a maker up to this p-value (default: %(default)s)",
    )
    add(
        "--base",
        choices=get_args(BaseUse),
        default="aside",
        help="the maker of a model's base model (bases): set it aside, project out what it explains as well, "
        "or keep it as a candidate (default: %(default)s)",
    )
    add(
        "--own-nulls",
        action="store_true",
        help="calibrate on the members of this panel only, not on shipped null models",
    )
    add("--level", type=float, default=LEVEL, metavar="L", help="of the intervals (default: %(default)s)")
    add("--seed", type=int, default=0, metavar="N", help="of the intervals (default: %(default)s)")


def main(parsed: argparse.Namespace) -> int:
    file = read_panel(parsed.panel)
    recorded = read_responses(parsed.responses)
    responses = recorded.answers
    if file.unknown:
        say(f"{parsed.panel}: not read: {', '.join(file.unknown)}; known: {', '.join(KEYS)}")
    if lacking := [model for model in file.panel.models if model not in responses]:
        what = f"no responses of panel member(s) {', '.join(lacking)}"
        raise DataError(f"{parsed.responses}: {what}; add their files, or take them out of {parsed.panel}")
    students = tuple(model for model in responses if model not in file.panel.models)
    if not students:
        raise DataError(f"{parsed.responses}: every model is a member of the panel; nothing to compare")
    if members := [model for model in file.students if model in file.panel.models]:
        say(f"listed under students, but members of the panel, and so not compared: {', '.join(members)}")
    absent = tuple(model for model in file.students if model not in responses)
    for key, models in (("bases", file.known.bases), ("siblings", file.known.siblings)):
        if unused := [model for model in models if model not in responses and model not in file.students]:
            say(f"{key}: {_meant(unused, students)}")
    found = compare(
        responses,
        file.panel.members,
        students,
        known=dataclasses.replace(file.known, base_use=parsed.base),
        asked=recorded.prompts,
        nulls=() if parsed.own_nulls else None,
        at_most=parsed.at_most,
        level=parsed.level,
        seed=parsed.seed,
    )
    for line in table(found):
        print(visible(line))
    for model, count in recorded.misaligned.items():
        print(visible(f"{model}: {count} answers to another prompt than most have under that id, left out"))
    if absent:
        say(f"listed under students, but without responses in {parsed.responses}: {', '.join(absent)}")
    if parsed.output is not None:
        _write(parsed.output, document(found, absent, recorded.misaligned, level=parsed.level))
    return OK


def _meant(unused: Sequence[str], students: Sequence[str]) -> str:
    """Names of no model that is compared, each with what it looks like."""
    near = {name: get_close_matches(name, students, n=1) for name in unused}
    named = [
        f"{name!r} (did you mean {found[0]!r}?)" if found else repr(name) for name, found in near.items()
    ]
    return f"no model that is compared is called {', '.join(named)}"


def table(found: Comparison) -> Iterator[str]:
    """A line a model: whom its answers are nearest to, p, and the three nearest members."""
    heads = ("model", "nearest maker")
    cells = [(visible(one.model), visible(_verdict(one))) for one in found.attributions]
    left, middle = (max(width(row[place]) for row in (heads, *cells)) + 2 for place in (0, 1))
    yield f"{pad(heads[0], left)}{pad(heads[1], middle)}p      nearest members (similarity)"
    for (model, verdict), one in zip(cells, found.attributions, strict=True):
        members = ", ".join(f"{row.member} {row.similarity:.2f}" for row in one.ranking[:SHOWN])
        yield f"{pad(model, left)}{pad(verdict, middle)}{one.p:.3f}  {members}"
    yield ""
    for one in found.attributions:
        yield from _remarks(one)
    missing = {member: count for member, count in found.missing.items() if count}
    if missing:
        each = ", ".join(f"{member} {count}" for member, count in missing.items())
        yield f"panel: unanswered of {found.prompts} prompts: {each}"
    count = len(found.nulls)
    yield (
        f"{found.prompts} prompts; p from {count} null models, no finer than 1/{count + 1}; "
        f"named up to p = {found.at_most:g}"
    )
    shipped = {null.model for null in found.nulls if null.shipped}
    if shipped and not shipped.issuperset(found.missing):
        yield (
            f"{len(shipped)} of the null models were scored beside another panel, that of docs/lineage.md; "
            "beside this one they are a stand-in, and --own-nulls leaves them out"
        )
    yield CAUTION


def _verdict(one: Attribution) -> str:
    if one.nearest is None:
        return "none can be named"
    return f"{one.nearest} (its base)" if one.is_base else one.nearest


def _remarks(one: Attribution) -> Iterator[str]:
    counts = {"unanswered": one.missing, "not asked of the panel": one.unmatched}
    counts |= {"of one word": one.short, "read in part": one.cut}
    remarks = [f"{count} {what}" for what, count in counts.items() if count]
    if one.nearest is None:
        remarks.insert(0, one.reason)
    if remarks or one.notes:
        yield f"{one.model}: {'; '.join([*remarks, *one.notes])}"


def document(
    found: Comparison, absent: tuple[str, ...], misaligned: Mapping[str, int], *, level: float
) -> dict[str, object]:
    """What ``--output`` holds."""
    return {
        "caution": CAUTION,
        "method": METHOD,
        "prompts": found.prompts,
        "at_most": found.at_most,
        "interval": f"bootstrap over prompts, {DRAWS} resamples, {100 * level:g} % two-sided",
        "students": [
            {
                "model": one.model,
                "nearest": one.nearest,
                "base": one.is_base,
                "base_first": one.base_first,
                "p": one.p,
                "reason": one.reason,
                "notes": list(one.notes),
                "prompts": one.prompts,
                "missing": one.missing,
                "unmatched": one.unmatched,
                "one_word": one.short,
                "cut": one.cut,
                "ranking": [dataclasses.asdict(row) for row in one.ranking],
            }
            for one in found.attributions
        ],
        "absent": list(absent),
        "misaligned": dict(misaligned),
        "panel_missing": dict(found.missing),
        "nulls": [dataclasses.asdict(null) for null in found.nulls],
    }


def _write(path: Path, stored: dict[str, object]) -> None:
    try:
        write_atomically(path, json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from error
