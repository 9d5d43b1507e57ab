"""The labels of a gold row: which of them count, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.gold import DISAGREE, WORDS, Label
from distill_tests.registry import Declared
from distill_tests.types import Spec

NOT_LABELLED = "not labelled"
MOST_CHARACTERS = 80
"""Of what a row says, in a message."""


class Counting(NamedTuple):
    """The labels that count, and by name why another does not."""

    labels: dict[str, Label]
    left_out: dict[str, str]


class Labels:
    """How a spec reads labels; raises SpecError for names that its judge does not know."""

    def __init__(self, spec: Spec, declared: Declared) -> None:
        section = spec.body["gold"]
        self._fields: Mapping[str, str] | None = section.get("labels")
        self._leave_out: Mapping[str, Sequence[str]] = section.get("leave_out", {})
        self._policy: str = section.get("where_annotators_disagree", "leave_out")
        self._scales = {**declared.marks, "value": declared.scale}
        self._judge = spec.judge.name if spec.judge else ""
        problems = [*self._unknown(spec, "labels"), *self._unknown(spec, "leave_out")]
        if problems:
            raise SpecError(problems)

    def _unknown(self, spec: Spec, key: str) -> Iterator[Problem]:
        for name in spec.body["gold"].get(key, {}):
            trouble = self._trouble(name)
            if trouble:
                yield Problem(place=spec.place("gold", key, name), what=trouble)

    def _trouble(self, name: str) -> str | None:
        known = [*self._scales, *WORDS]
        if name in known:
            return None
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it gives {', '.join(known)}"
        return f"judge {self._judge!r} gives no {name!r}; {hint}"

    def of(self, row: Mapping[str, Any]) -> Counting:
        """The labels of a row; raises DataError where one of them cannot be used."""
        found = Counting({}, {})
        for name, written in self._written(row):
            told = [self._checked(name, one) for one in (written if isinstance(written, list) else [written])]
            reason = self._reason(name, row, told)
            if reason:
                found.left_out[name] = reason
            else:
                found.labels[name] = told[0]  # type: ignore[assignment]  # None has its reason above
        return found

    def _written(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        if self._fields is not None:
            for name, field in self._fields.items():
                if field not in row:
                    raise DataError(f"{field!r} is missing, the label {name!r}")
                yield name, row[field]
            return
        given = row.get("labels")
        if not isinstance(given, Mapping) or not given:
            raise DataError('\'labels\' is an object such as {"loose": true, "strict": false}')
        for name, written in given.items():
            trouble = self._trouble(name)
            if trouble:
                raise DataError(trouble)
            yield name, written

    def _checked(self, name: str, value: Any) -> Label | None:
        if value is None:
            return None
        if name in WORDS:
            if isinstance(value, str) and value:
                return value
            raise DataError(f"label {name!r} is a word (got {_short(value)})")
        low, high = self._scales[name]
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float) and low <= value <= high and (low, high) != (0, 1):
            return value
        allowed = "true or false" if (low, high) == (0, 1) else f"a number from {low:g} to {high:g}"
        raise DataError(f"label {name!r} is {allowed} (got {_short(value)})")

    def _reason(self, name: str, row: Mapping[str, Any], told: Sequence[Label | None]) -> str:
        """Why the label does not count; empty where it does.  Raises DataError where that is refused."""
        if not told:
            raise DataError(f"label {name!r} holds no annotator's label")
        claimed = row.get("claimed")
        said = claimed if isinstance(claimed, list) else [claimed]
        excluded = [word for word in said if word in self._leave_out.get(name, ())]
        if len(set(told)) > 1:
            if self._policy == "refuse":
                raise DataError(f"the annotators disagree on {name!r}: {', '.join(map(_short, told))}")
            if self._policy == "leave_out":
                return DISAGREE
        if excluded:
            return f"claimed: {excluded[0]}"
        return NOT_LABELLED if told[0] is None else ""


def _short(value: object) -> str:
    """The value as it is written, as far as a message has room."""
    text = repr(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
