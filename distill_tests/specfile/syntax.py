"""What libyaml says about broken YAML, in the words of somebody who wants to mend it."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import yaml

from distill_tests.errors import Problem
from distill_tests.types import Place

_WIDE_COLON = re.compile(r"(?:^|[\s{\[,，“”\"'])([A-Za-z_][\w.-]*)[\"'“”]?\s*(：)")
_WIDE_COMMA = re.compile(r"[{\[][^{}\[\]，]*(，)")
_WIDE_QUOTE = re.compile(r"(?:^\s*|[:{\[,-]\s*)([“”])")


class _Words(NamedTuple):
    what: str
    allowed: str | None = None
    at_context: bool = False


class _Mark(NamedTuple):
    line: int
    column: int


_WORDS: Final[tuple[tuple[str, _Words], ...]] = (
    ("could not find expected ':'", _Words("this line is not 'key: value'", "write key: value", True)),
    ("did not find expected ',' or '}'", _Words(
        "the '{' that opens here is not closed", "separate pairs by ', ' and close with '}'", True)),
    ("did not find expected ',' or ']'", _Words(
        "the '[' that opens here is not closed", "separate items by ', ' and close with ']'", True)),
    ("found unexpected end of stream", _Words(
        "the quote that opens here is not closed", "end the text with the same quote", True)),
    ("did not find expected '-' indicator", _Words(
        "this line is not an item of the list above it", "start it with '- ', or check the indentation")),
    ("did not find expected <document start>", _Words(
        "this line stands left of the lines above it", "keys of one block start in the same column")),
    ("block sequence entries are not allowed", _Words(
        "a list item '- ' cannot start here", "start the list in the next line, or write [a, b]")),
    ("found a tab character", _Words(
        "a tab stands where YAML wants spaces", "indent with spaces")),
    ("unknown escape character", _Words(
        "this backslash means nothing in double quotes", "write \\\\ for a backslash, or use single quotes")),
    ("invalid Unicode character escape", _Words(
        "this escape is no Unicode character", "write the character itself")),
    ("did not find expected hexdecimal number", _Words(
        "this escape lacks hexadecimal digits", "write \\\\ for a backslash, or use single quotes")),
    ("did not find expected comment or line break", _Words(
        "text cannot follow '|' or '>' in the same line", "start the text in the next line", True)),
    ("did not find expected node content", _Words("a value is expected here")),
    ("found unexpected document indicator", _Words("'---' or '...' inside a quoted text")),
)  # fmt: skip


def problem(error: yaml.YAMLError, text: str, path: str) -> Problem:
    """The problem behind a parser's error, at the place where a person would mend it."""
    lines = re.split(r"\r\n?|\n", text)
    mark = _inside(lines, getattr(error, "problem_mark", None))
    context = _inside(lines, getattr(error, "context_mark", None))
    if mark is None:
        return _at(path, 0, 0, f"not valid YAML: {getattr(error, 'reason', None) or 'unreadable'}")
    wide = _full_width(lines, (context or mark).line, mark.line)
    if wide is not None:
        return _at(path, wide[0], wide[1], wide[2], wide[3])
    said = str(getattr(error, "problem", "") or "")
    if "cannot start any token" in said:
        return _bad_start(path, lines, mark)
    if "mapping values are not allowed" in said or "did not find expected key" in said:
        return _bad_line(path, lines, mark)
    if lines[mark.line][max(mark.column - 1, 0) : mark.column + 1] == "${":
        return _at(
            path,
            mark.line,
            mark.column - 1,
            "'${' cannot stand bare inside { } or [ ]",
            "put the value into quotes",
        )
    if "expected node content" in said and not "".join(lines[mark.line :])[mark.column :].strip():
        return _at(
            path, mark.line, mark.column, "the file ends where a value is expected", "close every [ and {"
        )
    for phrase, words in _WORDS:
        if phrase in said:
            where = context if words.at_context and context is not None else mark
            return _at(path, where.line, where.column, words.what, words.allowed)
    return _at(path, mark.line, mark.column, f"not valid YAML: {said}")


def _inside(lines: list[str], mark: Any) -> _Mark | None:
    """The parser's mark, which stands in a line too many where the last one has no end."""
    if mark is None or mark.line < len(lines):
        return None if mark is None else _Mark(mark.line, mark.column)
    return _Mark(len(lines) - 1, len(lines[-1]))


def _full_width(lines: list[str], first: int, last: int) -> tuple[int, int, str, str] | None:
    """Full-width punctuation in the lines that the parser stumbled over, or just before them."""
    for number in range(min(last, len(lines) - 1), max(first - 2, -1), -1):
        line = lines[number]
        if line.lstrip().startswith("#"):
            continue
        if found := _WIDE_COLON.search(line):
            what = f"full-width colon '：' after {found[1]!r}"
            return number, found.start(2), what, "write ': ' (a plain colon and a space)"
        if found := _WIDE_QUOTE.search(line):
            return number, found.start(1), f"full-width quote {found[1]!r}", 'write " or no quotes at all'
        if found := _WIDE_COMMA.search(line):
            return number, found.start(1), "full-width comma '，' between items", "write ', '"
    return None


def _bad_start(path: str, lines: list[str], mark: _Mark) -> Problem:
    line = lines[mark.line]
    character = line[mark.column : mark.column + 1]
    if "\t" in line[: mark.column + 1]:
        column = line.index("\t")
        return _at(path, mark.line, column, "a tab stands where YAML wants spaces", "indent with spaces")
    return _at(path, mark.line, mark.column, f"a text cannot start with {character!r}", "put it into quotes")


def _bad_line(path: str, lines: list[str], mark: _Mark) -> Problem:
    before = lines[mark.line][: mark.column]
    if before.rstrip().endswith(("'", '"')):
        what, allowed = "text follows the closing quote", "put the whole value into quotes, or none of it"
    elif re.search(r":\s", before):
        what, allowed = "a second ': ' in one value", "put a text that holds ': ' into quotes"
    else:
        what, allowed = (
            "this line does not fit under the one above",
            "keys of one block start in the same column",
        )
    return _at(path, mark.line, mark.column, what, allowed)


def _at(path: str, line: int, column: int, what: str, allowed: str | None = None) -> Problem:
    return Problem(place=Place(path=path, line=line + 1, column=column + 1), what=what, allowed=allowed)
