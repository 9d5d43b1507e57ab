"""What a rubric asks for, field by field, and the strict reading of a judge model's reply."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from distill_tests.types import Json

EXPLANATION: Final = "explanation"
LONGEST_REPLY: Final = 1_000_000
FEW = 21
"""A scale of so many whole numbers is spelt out in the JSON schema; endpoints differ on bounds."""

Verdict: TypeAlias = Mapping[str, Json]
"""A value for each field, and the explanation; every value is within what its field allows."""


class Unusable(Exception):
    """A judge model's reply that is no verdict, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One answer of the judge model.

    ``score``: a number from ``low`` to ``high``, a whole one where ``is_whole``; ``flag``: true or false;
    ``choice``: one of ``choices``; ``text``: free text.
    """

    name: str
    sort: Literal["score", "flag", "choice", "text"]
    low: float = 0
    high: float = 1
    is_whole: bool = True
    choices: tuple[str, ...] = ()

    def in_words(self) -> str:
        """What may stand there, for the judge model."""
        if self.sort == "score":
            kind = "whole number" if self.is_whole else "number"
            return f"a {kind} from {self.low:g} to {self.high:g}"
        if self.sort == "choice":
            return "one of " + ", ".join(json.dumps(choice, ensure_ascii=False) for choice in self.choices)
        return "true or false" if self.sort == "flag" else "a string"

    def schema(self) -> dict[str, Any]:
        """JSON Schema, of the keywords that all endpoints know."""
        if self.sort == "score" and self.is_whole:
            whole = range(int(self.low), int(self.high) + 1)
            return {"type": "integer", **({"enum": list(whole)} if len(whole) <= FEW else {})}
        if self.sort == "choice":
            return {"type": "string", "enum": list(self.choices)}
        return {"type": {"score": "number", "flag": "boolean", "text": "string"}[self.sort]}

    def read(self, value: Json) -> Json:
        """The value as it is; raises Unusable for one that is not allowed."""
        if not self._allows(value):
            shown = json.dumps(value, ensure_ascii=False, default=str)[:60]
            raise Unusable(f"{self.name} must be {self.in_words()} (got {shown})")
        return value

    def _allows(self, value: Json) -> bool:
        if self.sort == "flag":
            return isinstance(value, bool)
        if self.sort == "score":
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                return False
            return self.low <= value <= self.high and (not self.is_whole or value == int(value))
        return isinstance(value, str) and (self.sort == "text" or value in self.choices)


def reply_schema(fields: Sequence[Field], *, title: str) -> dict[str, Any]:
    """The JSON Schema of a whole reply: the explanation first, so that it is not made up afterwards."""
    properties = {EXPLANATION: {"type": "string"}, **{field.name: field.schema() for field in fields}}
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def output_in_words(fields: Sequence[Field]) -> str:
    """How to reply, for the judge model: what ``{output}`` in a prompt becomes."""
    lines = [f'  "{field.name}": {field.in_words()}' for field in fields]
    return "\n".join(
        (
            "Now decide. Reply with one JSON object and nothing after it, with these keys in this order:",
            f'  "{EXPLANATION}": a string, a few sentences: what in the texts decides, and why',
            *lines,
        )
    )


# --- reading a reply ----------------------------------------------------------------------------

_OBJECT = re.compile(r'\{(?=\s*["}])')
_FENCE = re.compile(r"[\s`]*")
_BLANK = re.compile(r"\s+")
_THINKING = re.compile(r"\s*<think(?:ing)?>")
_END_OF_THINKING = re.compile(r"</think(?:ing)?>")


class _Found(NamedTuple):
    value: Mapping[str, Json]
    raw: str
    end: int


def read_reply(text: str, fields: Sequence[Field], *, texts: Sequence[str] = ()) -> Verdict:
    """The one verdict in a reply; raises Unusable for anything that leaves a doubt.

    An explanation may stand before the object, nothing but a closing fence after it.  Where several
    objects have the rubric's keys they must be equal.  ``texts`` were shown to the judge model: an
    object that stands in one of them is a quotation, not a verdict.
    """
    if len(text) > LONGEST_REPLY:
        raise Unusable(f"the reply has {len(text):,} characters")
    text = _after_thinking(text)
    if not text.strip():
        raise Unusable("the reply is empty")
    names = {EXPLANATION, *(field.name for field in fields)}
    verdicts = [found for found in _objects(text) if names & found.value.keys()]
    if not verdicts:
        raise Unusable("the reply holds no verdict in JSON")
    last = verdicts[-1]
    if any(found.value != last.value for found in verdicts):
        raise Unusable(f"the reply holds {len(verdicts)} verdicts that differ")
    if not _FENCE.fullmatch(text, last.end):
        raise Unusable("the reply goes on after its verdict")
    if any(_BLANK.sub("", last.raw) in _BLANK.sub("", shown) for shown in texts):
        raise Unusable("the verdict is a quotation of a judged text")
    return _checked(last.value, fields)


def _after_thinking(text: str) -> str:
    if not _THINKING.match(text):
        return text
    end = _END_OF_THINKING.search(text)
    if end is None:
        raise Unusable("the reply breaks off while thinking")
    return text[end.end() :]


def _objects(text: str) -> Iterator[_Found]:
    """The JSON objects of a text from left to right; one that is broken ends the reading."""
    at = 0
    while start := _OBJECT.search(text, at):
        try:
            value, at = _DECODER.raw_decode(text, start.start())
        except json.JSONDecodeError as error:
            raise Unusable(f"the reply's JSON is broken: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise Unusable(f"the reply's JSON cannot be used: {error}") from None
        yield _Found(value, text[start.start() : at], at)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)


def _checked(found: Mapping[str, Json], fields: Sequence[Field]) -> Verdict:
    names = [EXPLANATION, *(field.name for field in fields)]
    missing = [name for name in names if name not in found]
    if missing:
        raise Unusable(f"the verdict lacks {', '.join(missing)}")
    unknown = sorted(found.keys() - set(names))
    if unknown:
        raise Unusable(f"the verdict has a key that nobody asked for: {unknown[0][:40]!r}")
    if not isinstance(found[EXPLANATION], str):
        raise Unusable(f"{EXPLANATION} must be a string")
    return {
        EXPLANATION: found[EXPLANATION],
        **{field.name: field.read(found[field.name]) for field in fields},
    }
