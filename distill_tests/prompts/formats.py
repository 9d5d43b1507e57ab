"""What a row of a file asks, by the format it is published in.

``prompts``: our own, ``{id, prompt}`` or ``{id, turns: [...]}``, with ``set`` and ``language`` where wanted.
``arena-hard``: the question files of Arena-Hard (``question_id``, ``turns: [{content}]``; the later ones have
``uid`` and ``prompt``).  ``numina``: rows of NuminaMath (``problem``; solution and messages are not sent).
``sharegpt``: conversations (``id``, ``conversations: [{from, value}]``); only the human turns are used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, get_args

from distill_tests.display import is_blank
from distill_tests.prompts.nouns import Format
from distill_tests.prompts.reading import type_of

FORMATS: Final[tuple[str, ...]] = get_args(Format)
SET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_PART: Final = re.compile(r"_\d+$")
_HUMAN: Final = ("human", "user")
_SPEAKERS: Final = (*_HUMAN, "gpt", "chatgpt", "assistant", "bing", "bard", "model", "system", "tool")
_KANA: Final = re.compile("[\u3040-\u30ff]")
_HANGUL: Final = re.compile("[\uac00-\ud7af]")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]")
_OTHER_SCRIPT: Final = re.compile(r"[^\W\d_A-Za-z\u00c0-\u024f]")
_LOOKED_AT: Final = 4000


class Unusable(Exception):
    """Why a row cannot be used, in words."""


class Asked(NamedTuple):
    """What a row asks; ``id``, ``set``, ``language`` and ``cluster`` as far as it says them."""

    turns: tuple[str, ...]
    id: str | None = None
    set: str | None = None
    language: str | None = None
    cluster: str | None = None


def asked(row: Mapping[str, Any], form: Format) -> Asked:
    """What the row asks; raises Unusable."""
    return _READERS[form](row)


def language_of(text: str) -> str:
    """A guess by the script alone: ja, ko or zh, und of another script than Latin, else en."""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    if _HAN.search(text):
        return "zh"
    head = text[:_LOOKED_AT]
    return "und" if len(_OTHER_SCRIPT.findall(head)) > len(_LATIN.findall(head)) else "en"


# --- the formats ----------------------------------------------------------------------------------


def _own(row: Mapping[str, Any]) -> Asked:
    return Asked(
        turns=_prompt_or_turns(row), id=_id(row, "id", needed=True), set=_set(row), language=_language(row)
    )


def _arena_hard(row: Mapping[str, Any]) -> Asked:
    identity = _id(row, "uid" if "uid" in row and "question_id" not in row else "question_id", needed=True)
    if "turns" not in row:
        return Asked(turns=(_text(row, "prompt"),), id=identity, language=_language(row))
    turns = row["turns"]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise Unusable("'turns' is a list of {content}")
    return Asked(turns=_some([_text(turn, "content") for turn in turns], "turns"), id=identity)


def _numina(row: Mapping[str, Any]) -> Asked:
    """The problem; where a row has messages only, the first that the user sends."""
    key = next((name for name in ("id", "uuid") if row.get(name) is not None), None)
    identity = _id(row, key) if key else None
    if "problem" in row or "messages" not in row:
        return Asked(turns=(_text(row, "problem"),), id=identity)
    messages = row["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise Unusable("'messages' is a list of {role, content}")
    first = next((message for message in messages if message.get("role") == "user"), None)
    if first is None:
        raise Unusable("there is neither a 'problem' nor a message of the user")
    return Asked(turns=(_text(first, "content"),), id=identity)


def _sharegpt(row: Mapping[str, Any]) -> Asked:
    told = row.get("conversations")
    if not isinstance(told, list) or not all(isinstance(turn, dict) for turn in told):
        raise Unusable("'conversations' is a list of {from, value}")
    for turn in told:
        if turn.get("from") not in _SPEAKERS:
            raise Unusable(f"a turn is from human or gpt (got {str(turn.get('from'))[:40]!r})")
    turns = [_text(turn, "value") for turn in told if turn["from"] in _HUMAN]
    if not turns:
        raise Unusable("the conversation has no turn of a human")
    identity = _id(row, "id")
    # The published files cut long conversations into parts: abc_0, abc_1 …
    cluster = _PART.sub("", identity) if identity else None
    return Asked(turns=tuple(turns), id=identity, language=_language(row), cluster=cluster)


_READERS: Mapping[Format, Callable[[Mapping[str, Any]], Asked]] = {
    "prompts": _own,
    "arena-hard": _arena_hard,
    "numina": _numina,
    "sharegpt": _sharegpt,
}


# --- their fields ---------------------------------------------------------------------------------


def _prompt_or_turns(row: Mapping[str, Any]) -> tuple[str, ...]:
    if ("prompt" in row) == ("turns" in row):
        given = "both 'prompt' and 'turns'" if "prompt" in row else "neither 'prompt' nor 'turns'"
        raise Unusable(f"the row has {given}; give one of them")
    if "prompt" in row:
        return (_text(row, "prompt"),)
    turns = row["turns"]
    if not isinstance(turns, list):
        raise Unusable(f"'turns' is a list of texts (got {type_of(turns)})")
    numbered = {f"turns[{number}]": turn for number, turn in enumerate(turns)}
    return _some([_text(numbered, name) for name in numbered], "turns")


def _some(turns: list[str], name: str) -> tuple[str, ...]:
    if not turns:
        raise Unusable(f"{name!r} is empty")
    return tuple(turns)


def _text(row: Mapping[str, Any], key: str) -> str:
    """A text in which something can be seen."""
    if key not in row:
        raise Unusable(f"{key!r} is missing")
    value = row[key]
    if not isinstance(value, str):
        raise Unusable(f"{key!r} is a text (got {type_of(value)})")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise Unusable(f"{key!r} is not UTF-8, or holds half of a surrogate pair")
    if is_blank(value):
        raise Unusable(f"{key!r} is empty" if not value else f"{key!r} holds nothing that can be seen")
    return value


def _id(row: Mapping[str, Any], key: str, *, needed: bool = False) -> str | None:
    value = row.get(key)
    if value is None and not needed:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return _text(row, key)
    got = "nothing" if value is None else "an empty text" if isinstance(value, str) else type_of(value)
    raise Unusable(f"{key!r} is a text or a whole number (got {got})")


def _set(row: Mapping[str, Any]) -> str | None:
    value = row.get("set")
    if value is None:
        return None
    if not isinstance(value, str) or not SET_NAME.fullmatch(value):
        shown = repr(value[:40]) if isinstance(value, str) else type_of(value)
        raise Unusable(f"'set' is a name of letters, digits, '-' and '_', at most 40 (got {shown})")
    return value


def _language(row: Mapping[str, Any]) -> str | None:
    """Published files spell languages in many ways; what is no code is none."""
    value = row.get("language")
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else None
