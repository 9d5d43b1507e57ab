"""A rubric as a text file: a header that declares what is asked for, ``===``, and the prompt.

    rubric: politeness
    version: 2
    score overall: 1 to 5
    flag insulting
    choice tone: warm | neutral | cold
    text quote
    value: overall
    ===
    How polite is this answer?
    {answer}
    {output}

Placeholders: ``{answer}``, ``{question}``, ``{framing}``, ``{prompt}``, ``{facts}`` (the identity card),
``{references}``; ``{first}`` and ``{second}`` (a reference and the answer, to be compared); ``{output}``
(how to reply, our wording).
"""

from __future__ import annotations

import functools
import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError
from distill_tests.judges._quoting import PLACEHOLDER
from distill_tests.judges._rubric_fields import EXPLANATION, Field

SHIPPED: Final = ("identity", "similarity")
PLACEHOLDERS: Final = (
    "answer", "question", "framing", "prompt", "facts", "references", "first", "second", "output",
)  # fmt: skip
LARGEST_BYTES: Final = 1_000_000

_END_OF_HEADER = re.compile(r"^===+[ \t]*\n", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = r"([+-]?\d+(?:\.\d+)?)"
_SCALE = re.compile(rf"{_NUMBER}\s+to\s+{_NUMBER}")
_TAKEN = frozenset(
    {EXPLANATION, "id", "value", "label", "reason", "judge", "details", "line", "marks", "evidence"}
)
_HEADER_KEYS = ("rubric", "version", "value", "score", "flag", "choice", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """What a judge model is asked, and what it has to answer.

    ``value`` names the field that becomes ``Score.value``.  ``sha256`` is that of the file's bytes.
    """

    name: str
    version: str
    fields: tuple[Field, ...]
    value: str
    body: str
    sha256: str

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def shows(self, placeholder: str) -> bool:
        return placeholder in PLACEHOLDER.findall(self.body)

    @property
    def compares(self) -> bool:
        """Whether it sets two texts side by side, as first and second."""
        return self.shows("first")


def system_text() -> str:
    """The system message that goes before every rubric."""
    return _shipped("system")


def shipped_rubric(name: str) -> Rubric:
    """The rubric of that name that comes with the package."""
    return rubric_of(_shipped(name), name=name)


def rubric_in(path: Path, *, scores: Mapping[str, Sequence[float]], value: str | None) -> Rubric:
    """The rubric in a file; ``scores`` and ``value`` as in the header, which must not say them too.

    Raises DataError, with the path, for a file that cannot be used.
    """
    try:
        status = path.stat()
        if not path.is_file():
            raise DataError(f"{path} is not a file")
        if status.st_size > LARGEST_BYTES:
            raise DataError(f"{path} has {status.st_size:,} bytes; a prompt has at most {LARGEST_BYTES:,}")
        text = _text_of(path, status.st_mtime_ns, status.st_size)
    except FileNotFoundError:
        raise DataError(f"there is no such file: {path}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 (byte 0x{error.object[error.start]:02x})") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return rubric_of(text, name=path.stem, scores=scores, value=value)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def rubric_of(
    text: str,
    *,
    name: str,
    scores: Mapping[str, Sequence[float]] | None = None,
    value: str | None = None,
) -> Rubric:
    """The rubric in a text; raises DataError in words."""
    header, body = _parts(text)
    told = _Header(name)
    for line in header:
        told.read(line)
    for field, scale in (scores or {}).items():
        told.add(_score(field, *_bounds(scale, field)))
    _check_body(body)
    return Rubric(
        name=told.name,
        version=told.version,
        fields=tuple(told.fields),
        value=told.headline(value),
        body=body.strip() + "\n",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


@functools.lru_cache(maxsize=64)
def _text_of(path: Path, _mtime_ns: int, _size: int) -> str:
    return path.read_text(encoding="utf-8-sig")


@functools.cache
def _shipped(name: str) -> str:
    file = resources.files("distill_tests").joinpath("data", "prompts", f"{name}.txt")
    return file.read_text(encoding="utf-8")


class _Parts(NamedTuple):
    header: list[str]
    body: str


def _parts(text: str) -> _Parts:
    """Without a line of ``===`` all of it is the prompt."""
    parts = _END_OF_HEADER.split(text, maxsplit=1)
    if len(parts) == 1:
        return _Parts([], text)
    lines = (line.strip() for line in parts[0].splitlines())
    return _Parts([line for line in lines if line and not line.startswith("#")], parts[1])


class _Header:
    def __init__(self, name: str) -> None:
        self.name, self.version, self.value = name, "", ""
        self.fields: list[Field] = []

    def read(self, line: str) -> None:
        key, colon, rest = (part.strip() for part in line.partition(":"))
        sort, _, name = (part.strip() for part in key.partition(" "))
        if not name and colon and sort in ("rubric", "version", "value"):
            setattr(self, {"rubric": "name"}.get(sort, sort), rest)
        elif name and sort == "score":
            self.add(_score(name, *_scale(rest, name)))
        elif name and sort == "choice":
            self.add(Field(name=name, sort="choice", choices=_choices(rest, name)))
        elif name and sort in ("flag", "text") and not rest:
            self.add(Field(name=name, sort="flag" if sort == "flag" else "text"))
        else:
            near = get_close_matches(sort, _HEADER_KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_HEADER_KEYS)}"
            raise DataError(f"the header line {line[:60]!r} cannot be read; {hint}")

    def add(self, field: Field) -> None:
        if not _NAME.fullmatch(field.name) or field.name in _TAKEN:
            allowed = f"small letters, digits and '_', and not one of {', '.join(sorted(_TAKEN))}"
            raise DataError(f"{field.name!r} cannot be the name of a field; {allowed}")
        if any(field.name == other.name for other in self.fields):
            raise DataError(f"{field.name!r} is declared twice")
        self.fields.append(field)

    def headline(self, wanted: str | None) -> str:
        """The field that is the score's value."""
        if wanted and self.value:
            raise DataError("value is declared twice, in the prompt's header and as an option")
        numbers = [field.name for field in self.fields if field.sort in ("score", "flag")]
        if not numbers:
            raise DataError("declares no score and no flag; for example scores: {overall: [1, 5]}")
        name = wanted or self.value or ("overall" if "overall" in numbers else numbers[0])
        if name not in numbers:
            raise DataError(f"value must be one of {', '.join(numbers)} (got {name!r})")
        if not (wanted or self.value) and len(numbers) > 1 and "overall" not in numbers:
            raise DataError(f"say which is the value: {', '.join(numbers)}")
        return name


def _scale(written: str, name: str) -> tuple[float, float, bool]:
    found = _SCALE.fullmatch(written)
    if found is None:
        raise DataError(f"the scale of {name!r} must be written as 'LOW to HIGH' (got {written!r})")
    return float(found[1]), float(found[2]), "." not in written


def _bounds(scale: Sequence[float], name: str) -> tuple[float, float, bool]:
    if len(scale) != 2:
        raise DataError(f"the scale of {name!r} must be [LOW, HIGH] (got {list(scale)!r})")
    return float(scale[0]), float(scale[1]), all(isinstance(bound, int) for bound in scale)


def _score(name: str, low: float, high: float, is_whole: bool) -> Field:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise DataError(f"the scale of {name!r} must go from a low to a higher number")
    return Field(name=name, sort="score", low=low, high=high, is_whole=is_whole)


def _choices(written: str, name: str) -> tuple[str, ...]:
    choices = tuple(choice.strip() for choice in written.split("|"))
    if len(choices) < 2 or not all(choices) or len(set(choices)) < len(choices):
        raise DataError(f"the choices of {name!r} must be written as 'one | another'")
    return choices


def _check_body(body: str) -> None:
    used = PLACEHOLDER.findall(body)
    for name in used:
        if name not in PLACEHOLDERS:
            near = get_close_matches(name, PLACEHOLDERS, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else f"known: {', '.join(PLACEHOLDERS)}"
            raise DataError(f"the prompt has an unknown placeholder {{{name}}}; {hint}")
    for problem in _missing(used):
        raise DataError(problem)


def _missing(used: Sequence[str]) -> Iterator[str]:
    if "answer" not in used and "second" not in used:
        yield "the prompt shows no answer; put {answer} where it belongs, or {first} and {second}"
    if ("first" in used) != ("second" in used):
        yield "{first} and {second} belong together"
    if "first" in used and "answer" in used:
        yield "the prompt shows {answer} twice: {second} is the answer, too"
    if "output" not in used:
        yield "the prompt does not say how to reply; put {output} at its end"
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        yield f"the placeholder {{{twice[0]}}} stands twice"


def told(rubric: Rubric) -> dict[str, Any]:
    """What names a rubric in a report."""
    return {"name": rubric.name, "version": rubric.version, "prompt_sha256": rubric.sha256}
