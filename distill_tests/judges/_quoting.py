"""Untrusted texts inside a prompt, so that nothing in them can act as anything but text.

A text stands as one JSON string on a line of its own, between two lines that bear a code which occurs in
none of the texts.  In the string, whatever acts or hides is an escape: control and format characters, line
ends of every kind, lone surrogates, stacked variation selectors, and the characters with which chat
templates begin their special tokens (``<|im_end|>``, ``</s>``, ``[INST]``).  It is still exactly the text:
``json.loads`` gives it back.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from distill_tests.display import escape_unseen
from distill_tests.types import Json

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
CODE_LENGTH = 16

_TOKEN_STARTS = re.compile("[<>]|\\[(?=/?g?[A-Z][A-Z_]*\\])|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]")


class Quoted(NamedTuple):
    """A text as it stands in a prompt: its lines, and how many characters in its middle are not shown."""

    lines: tuple[str, ...]
    left_out: int


def quoted(text: str, *, longest: int) -> Quoted:
    """``text`` as a JSON string; of one with more than ``longest`` characters its two ends.

    The note about what was left out stands outside the strings, where no text can write.
    """
    left_out = len(text) - longest
    if left_out <= 0:
        return Quoted((_encoded(text),), 0)
    head = longest - longest // 2
    note = f"({left_out:,} characters of this text are not shown here; it goes on:)"
    return Quoted((_encoded(text[:head]), note, _encoded(text[len(text) - longest // 2 :])), left_out)


def quoted_data(data: Json) -> Quoted:
    """Plain data as one line of JSON, escaped like a text."""
    return Quoted((_encoded(data),), 0)


def _encoded(data: Json) -> str:
    return _TOKEN_STARTS.sub(_as_escape, escape_unseen(json.dumps(data, ensure_ascii=False)))


def _as_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def code_for(texts: Sequence[str], *, length: int = CODE_LENGTH) -> str:
    """Hexadecimal digits that occur in none of the texts; the same for the same texts."""
    joined = "\n".join(texts)
    for attempt in itertools.count():
        digest = hashlib.sha256(f"{attempt}\n{joined}".encode("utf-8", "surrogatepass")).hexdigest()
        if digest[:length] not in joined:
            return digest[:length]
    raise AssertionError("a text of finite length does not hold every code")


def filled(body: str, blocks: Mapping[str, Quoted], plain: Mapping[str, str]) -> str:
    """``body`` with every placeholder replaced, in one pass: what is put in is never looked at again.

    ``blocks`` are untrusted and get their delimiting lines, ``plain`` is our own wording.  Raises
    KeyError for a placeholder that neither knows.
    """
    code = code_for([body, *plain.values(), *(line for block in blocks.values() for line in block.lines)])

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if name in plain:
            return plain[name]
        return "\n".join((f"<<<{name} {code}>>>", *blocks[name].lines, f"<<<end {name} {code}>>>"))

    return PLACEHOLDER.sub(replaced, body)
