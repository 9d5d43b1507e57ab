"""Transcripts read line by line: the product's own JSONL, files of responses, and EasyJailbreak results.

Every text in them is untrusted.  Each row that cannot be used is named as ``path:line: what is wrong``, all
of them at once; the others are used only where the card allows as many bad rows.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from distill_tests.display import is_blank
from distill_tests.errors import BadRows, DataError, Problem
from distill_tests.registry import Recorded
from distill_tests.rows import MOST_BLANK, too_many_values
from distill_tests.specfile.files import shown_path
from distill_tests.types import Json, Place, Usage

Format = Literal["jsonl", "responses", "easyjailbreak"]

CALL_FAILED = "reject to respond"
"""What the released ICE code writes as the response after its twentieth failed call."""

_LONGEST_LINE = 64 << 20
_MOST_NAMED = 50
_MOST_WRONG = 10_000
_META = ("id", "question", "framing", "question_id", "framing_id", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable row: what registry.Recorded has, and the receipts a row may carry."""

    recorded: Recorded
    thinking: str | None = None
    finish: str | None = None
    served_model: str | None = None
    usage: Usage | None = None


class _Unusable(Exception):
    """Why a row cannot be used, in words."""


class Contents(NamedTuple):
    """The usable rows in file order; ``wrong`` others were left out, of which ``bad`` names the first."""

    rows: tuple[Row, ...]
    bad: tuple[Problem, ...] = ()
    wrong: int = 0


def read(path: Path, *, form: Format, strict: Path | None = None, max_bad_rows: int = 0) -> Contents:
    """The rows of a file; ``strict`` is the CSV of the rows judged strict.

    Raises BadRows where more than ``max_bad_rows`` cannot be used, DataError where the file cannot be read.
    """
    parse = _parser(form, strict)
    rows: list[Row] = []
    seen = _Seen()
    bad = _Bad(path=shown_path(path), allowed=max_bad_rows)
    for number, line in _lines(path):
        try:
            given = _object(line)
            row = parse(given, number)
            seen.refuse_second(given, number)
            rows.append(row)
        except _Unusable as error:
            bad.wrong += 1
            if bad.wrong <= _MOST_NAMED:
                bad.name(number, str(error))
            elif bad.wrong > max(_MOST_WRONG, max_bad_rows):
                bad.name(number, f"more than {bad.wrong - 1:,} bad rows; not read any further")
                raise bad.error() from None
    if bad.wrong > _MOST_NAMED:
        bad.name(None, f"and {bad.wrong - _MOST_NAMED} more rows like these")
    if bad.wrong > max_bad_rows:
        raise bad.error()
    return Contents(tuple(rows), tuple(bad.problems), bad.wrong)


def _parser(form: Format, strict: Path | None) -> Callable[[Mapping[str, Any], int], Row]:
    if form == "easyjailbreak":
        return _easyjailbreak(_strict_keys(strict) if strict else None)
    return _response if form == "responses" else _own


class _Seen:
    """What tells a row written twice from a prompt that was answered twice."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}

    def refuse_second(self, row: Mapping[str, Any], line: int) -> None:
        """Raises _Unusable for an id that was there already, and for a row that is wholly the same.

        Rows of one prompt are replies 0, 1, … to it: they need ids where the replies may be the same too.
        """
        identity = row.get("id")
        if identity is not None:
            first = self._lines.setdefault(f"id {identity}", line)
            if first != line:
                raise _Unusable(f"id {identity!r} was already used on line {first}")
            return
        whole = json.dumps(row, sort_keys=True, ensure_ascii=True).encode()
        first = self._lines.setdefault(f"row {hashlib.sha256(whole).hexdigest()}", line)
        if first != line:
            raise _Unusable(f"the same row as line {first}; repeats that are meant need an id each")


@dataclass(slots=True, kw_only=True)
class _Bad:
    """The rows of a file that cannot be used, as text and as problems."""

    path: str
    allowed: int = 0
    wrong: int = 0
    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def name(self, number: int | None, what: str) -> None:
        """A row; or, without number, something of the rows after the last one that was named."""
        self.lines.append(f"{self.path}: {what}" if number is None else f"{self.path}:{number}: {what}")
        line = self.problems[-1].place.line if number is None else number
        self.problems.append(Problem(place=Place(path=self.path, line=line, column=1), what=what))

    def error(self) -> BadRows:
        if self.allowed:
            self.name(None, f"{self.wrong} bad rows, and max_bad_rows is {self.allowed}")
        return BadRows("\n".join(self.lines), self.problems)


def join_turns(turns: Sequence[str]) -> str:
    """The user turns of a dialogue as the one text by which a recording is looked up."""
    return "\n\n".join(turns)


def sent_text(jailbreak_prompt: str, query: str) -> str:
    """What the published runs sent: every ``{query}`` replaced, or the query put right behind."""
    if "{query}" in jailbreak_prompt:
        return jailbreak_prompt.replace("{query}", query)
    return jailbreak_prompt + query


# --- lines --------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line numbers from 1 and lines that are not blank."""
    try:
        with _opened(path) as file:
            number = last = 0
            while line := file.readline(_LONGEST_LINE + 1):
                number += 1
                if len(line) > _LONGEST_LINE:
                    raise DataError(
                        f"{shown_path(path)}:{number}: a line of more than {_LONGEST_LINE >> 20} MB"
                    )
                if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise DataError(f"{shown_path(path)}:1: the file is UTF-16; write it as UTF-8")
                line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if line.strip():
                    last = number
                    yield number, line
                elif number > last + MOST_BLANK:
                    raise DataError(f"{shown_path(path)}:{number}: more than {MOST_BLANK:,} blank lines")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{shown_path(path)}: not a whole gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"{shown_path(path)}: cannot be read: {error.strerror or error}") from error


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")  # type: ignore[return-value]  # gzip's own class


def _object(line: bytes) -> Mapping[str, Any]:
    if trouble := too_many_values(line):
        raise _Unusable(trouble)
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _Unusable(f"not UTF-8 at byte {error.start + 1} of the line") from error
    except (ValueError, RecursionError) as error:
        raise _Unusable(f"not JSON ({error})") from error
    if not isinstance(row, dict):
        raise _Unusable(f"a row is an object, this is {_type(row)}")
    return row


# --- rows ---------------------------------------------------------------------------------------


def _own(row: Mapping[str, Any], line: int) -> Row:
    if ("prompt" in row) == ("messages" in row):
        raise _Unusable("give 'prompt' or 'messages', one of them")
    prompt = _text(row, "prompt") if "prompt" in row else _turns(row["messages"])
    meta = {key: _text(row, key) for key in _META if row.get(key) is not None}
    reply = _text(row, "reply")
    finish = _text(row, "finish") if row.get("finish") is not None else None
    if finish in (None, "stop"):  # where the row says why there is no text, it is a record of that
        _refuse_empty("reply", reply)
    return Row(
        recorded=Recorded(prompt=prompt, reply=reply, line=line, meta=meta, verdicts=_verdicts(row)),
        thinking=_text(row, "thinking") if row.get("thinking") is not None else None,
        finish=finish,
        served_model=_text(row, "served_model") if row.get("served_model") is not None else None,
        usage=_usage(row.get("usage")),
    )


def _response(row: Mapping[str, Any], line: int) -> Row:
    """``{id, prompt, response}``; a response that is null or empty is a record of that, and no bad row."""
    if "response" not in row:
        raise _Unusable("'response' is missing; null where there was none")
    reply = "" if row["response"] is None else _text(row, "response")
    identity = row.get("id")
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, str | int)):
        raise _Unusable(f"'id' is a text or a whole number (got {_type(identity)})")
    meta = {} if identity is None else {"id": str(identity)}
    return Row(recorded=Recorded(prompt=_text(row, "prompt"), reply=reply, line=line, meta=meta))


def _turns(messages: object) -> str:
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise _Unusable("'messages' is a list of {role, text}")
    roles = [message.get("role") for message in messages]
    if any(role not in ("system", "user", "assistant") for role in roles):
        raise _Unusable(f"a message's role is system, user or assistant (got {', '.join(map(repr, roles))})")
    users = [message for message in messages if message["role"] == "user"]
    if not users or roles[-1] != "user":
        raise _Unusable("'messages' ends with the user's turn that the reply answers")
    return join_turns([_text(user, "text" if "text" in user else "content") for user in users])


def _verdicts(row: Mapping[str, Any]) -> Mapping[str, Json]:
    given = row.get("verdicts")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise _Unusable(f"'verdicts' is an object such as {{\"loose\": true}}, this is {_type(given)}")
    for name, value in given.items():
        if value is not None and not isinstance(value, (bool, int, float, str)):
            raise _Unusable(f"verdict {name!r} is {_type(value)}; a truth value, number, text or null")
        if name in ("loose", "strict") and value is not None and not isinstance(value, bool):
            raise _Unusable(f"verdict {name!r} is true, false or null (got {value!r})")
    return given


def _usage(given: object) -> Usage | None:
    if given is None:
        return None
    counts = [given.get(key) for key in ("input_tokens", "output_tokens")] if isinstance(given, dict) else []
    match counts:
        case [int(read), int(written)] if read >= 0 and written >= 0:
            return Usage(input_tokens=read, output_tokens=written)
    raise _Unusable("'usage' is {input_tokens, output_tokens}, both whole numbers")


def _easyjailbreak(strict: frozenset[tuple[str, str]] | None) -> Callable[[Mapping[str, Any], int], Row]:
    def parse(row: Mapping[str, Any], line: int) -> Row:
        template, query = _text(row, "jailbreak_prompt"), _text(row, "query")
        responses = row.get("target_responses")
        if not isinstance(responses, list) or len(responses) != 1:
            raise _Unusable(f"'target_responses' is a list of one text (got {_type(responses)})")
        reply = _text({"target_responses[0]": responses[0]}, "target_responses[0]")
        _refuse_empty("target_responses[0]", reply)
        verdicts: dict[str, Json] = {"loose": _loose(row.get("eval_results"))}
        if strict is not None:
            verdicts["strict"] = (template, query) in strict
        meta = {"question": query, "framing": template}
        return Row(
            recorded=Recorded(
                prompt=sent_text(template, query), reply=reply, line=line, meta=meta, verdicts=verdicts
            ),
            finish="call_failed" if reply == CALL_FAILED else None,
        )

    return parse


def _loose(given: object) -> bool | None:
    """``eval_results``: one truth value, or a list of one, or nothing."""
    value = given[0] if isinstance(given, list) and len(given) == 1 else given
    if value is None or value == []:
        return None
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise _Unusable(f"'eval_results' is true or false (got {str(value)[:40]!r})")


def _text(row: Mapping[str, Any], key: str) -> str:
    if key not in row:
        raise _Unusable(f"{key!r} is missing")
    value = row[key]
    if not isinstance(value, str):
        raise _Unusable(f"{key!r} is a text (got {_type(value)})")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise _Unusable(f"{key!r} holds half of a surrogate pair, which no text file can hold")
    return value


def _refuse_empty(key: str, text: str) -> None:
    """Raises _Unusable where nothing can be seen; a thinking part without an answer is no empty text."""
    if is_blank(text):
        raise _Unusable(f"{key!r} is empty" if not text else f"{key!r} holds nothing that can be seen")


def _type(value: object) -> str:
    names = {list: "a list", dict: "an object", str: "a text", bool: "a truth value", type(None): "null"}
    name = names.get(type(value), "a number")
    return f"{name} of {len(value)}" if isinstance(value, list) else name


# --- the published strict verdicts --------------------------------------------------------------


def _strict_keys(path: Path) -> frozenset[tuple[str, str]]:
    """(jailbreak_prompt, query) of every row of the CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
            reader = csv.DictReader(file, strict=True)
            missing = {"jailbreak_prompt", "query"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(f"{shown_path(path)}:1: no column {' and no column '.join(sorted(missing))}")
            return frozenset((row["jailbreak_prompt"], row["query"]) for row in reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{shown_path(path)}: not a CSV in UTF-8 ({error})") from error
    except OSError as error:
        raise DataError(f"{shown_path(path)}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _long_fields() -> Iterator[None]:
    """csv's limit is 128 KiB a field, for the whole process."""
    before = csv.field_size_limit(_LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)
