"""The words of error messages: values as a person wrote them, names that look alike, hints."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from distill_tests.types import Pointer

LONGEST_SHOWN = 60
_SECRET_KEY = re.compile(r"api_?key|secret|passw|authori[sz]ation|credential|bearer|(?<!max_)token$", re.I)
_SECRET_TEXT = re.compile(
    r"\b(?:sk|pk|rk|gh[pousr]|xox[abp]|hf|AKIA|AIza)[-_A-Za-z0-9]{12,}|\bBearer\s+\S{8,}|//[^/\s]*@"
)
_WIDE_COLON = re.compile(r"^\s*[\"'“”]?([A-Za-z_][\w.-]*)[\"'“”]?\s*：")
_PLAIN = re.compile(r"[\w./][\w./-]*")
_WIDE_QUOTE = re.compile(r"^[“”]|[“”]$")

_KINDS_OF_VALUE: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "empty",
}


_YES_NO: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_PATTERNS: Final = {
    r"\S": "it must not be blank",
    "^[a-z]{2}$": "two small letters, such as en or zh",
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": "letters A-Z a-z, digits, '.', '_' and '-', a letter or digit first",
    "^[A-Za-z0-9][A-Za-z0-9_-]*$": "letters A-Z a-z, digits, '_' and '-', a letter or digit first",
    "^[0-9a-fA-F]{64}$": "64 hexadecimal digits",
    "^[0-9a-f]{64}$": "64 hexadecimal digits in small letters",
}


def kinds_of_value(names: Iterable[str]) -> str:
    """JSON Schema types in a person's words."""
    return " or ".join(dict.fromkeys(_KINDS_OF_VALUE[name] for name in names))


def pattern_in_words(pattern: str) -> str:
    """What a pattern asks for."""
    return _PATTERNS.get(pattern, f"it must match {pattern}")


def label(at: Pointer) -> str:
    """The thing at ``at`` in a sentence: its key, or the list that it is an item of."""
    for back, part in enumerate(reversed(at)):
        if isinstance(part, str):
            return shown(part) if back == 0 else f"item {int(at[len(at) - back]) + 1} of {shown(part)}"
    return "the file"


def missing(names: Iterable[str], at: Pointer) -> str:
    """The words for a key that is not there, any of ``names``."""
    return f"key {listed(names, 'or')} is missing" + (f" in {label(at)}" if at else "")


def type_hint(value: Any, names: Collection[str]) -> str | None:
    """What to write instead, where a value of another type gives away what was meant."""
    if "string" in names and isinstance(value, bool | int | float):
        return "put it into quotes"
    if not isinstance(value, str):
        return None
    if "boolean" in names and value.lower() in _YES_NO:
        return f"write {_YES_NO[value.lower()]}"
    if not {"number", "integer"}.isdisjoint(names):
        return _number_hint(value)
    return f"write a list: [{value}]" if "array" in names and "\n" not in value and len(value) < 40 else None


def _number_hint(value: str) -> str | None:
    if re.fullmatch(r"[-+]?\d+,\d+", value):
        return f"write {value.replace(',', '.')}"
    if re.fullmatch(r"\d+(\.\d+)? ?%", value):
        return f"write {float(value.rstrip('% ')) / 100:g}"
    if re.fullmatch(r"[-+]?0\d+", value):
        return "write it without the leading zero"
    return "write it without quotes" if re.fullmatch(r"[-+]?\d+(\.\d+)?", value) else None


def shown(value: Any, *, key: str | int = "") -> str:
    """The value as the message quotes it: short, escaped, never a secret."""
    if isinstance(value, str):
        if _SECRET_TEXT.search(value) or (isinstance(key, str) and _SECRET_KEY.search(key)):
            return "a value that is not shown"
        return repr(value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 1] + "…")
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = str(value)
        return text if len(text) <= LONGEST_SHOWN else f"a number of {len(text)} digits"
    if isinstance(value, Mapping):
        return f"a mapping with {listed(value, 'and')}" if value else "an empty mapping"
    return f"a list of {len(value)}" if value else "an empty list"


def plainly(value: Any) -> str:
    """The value as YAML may hold it in braces, as far as that is short and plain; else ``…``."""
    if isinstance(value, str) and (shown(value) != repr(value) or not _PLAIN.fullmatch(value)):
        return "…"
    return "…" if isinstance(value, Mapping | list) or value is None else shown(value).strip("'")


def listed(names: Iterable[Any], joiner: str, *, most: int = 12) -> str:
    """``'a', 'b' or 'c'``; a long list is cut with its length."""
    texts = [shown(name) for name in names]
    if len(texts) > most:
        return f"{', '.join(texts[:most])} … ({len(texts)} in all)"
    return " ".join((", ".join(texts[:-1]), joiner, texts[-1])) if len(texts) > 1 else "".join(texts)


def near(name: str, known: Collection[str]) -> str | None:
    """The known name that ``name`` was probably meant to be."""
    if len(name) > LONGEST_SHOWN:
        return None
    return _near(name, tuple(known))


@functools.lru_cache(maxsize=4096)
def _near(name: str, known: tuple[str, ...]) -> str | None:
    folded = {_folded(other): other for other in reversed(known)}
    wanted = _folded(name)
    if wanted in folded:
        return folded[wanted]
    found = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.65)
    first = wanted.split("_")[0]  # zh-CN where there is zh
    return folded[found[0]] if found else folded.get(first)


def _folded(name: str) -> str:
    """Full-width letters, case, hyphens and spaces do not count."""
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFKC", name)).casefold().strip("“”\"'：:")


def begun(name: str, known: Collection[str]) -> str | None:
    """The one known word that ``name`` is the beginning or the end of, at least three letters of it."""
    wanted = _folded(name)
    fits = [one for one in known if _folded(one).startswith(wanted) or _folded(one).endswith(wanted)]
    return fits[0] if len(fits) == 1 and len(wanted) >= 3 else None


def choice(name: str, known: Collection[str]) -> str:
    """``did you mean …?`` where a near miss is known, else all there is."""
    meant = near(name, known)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"known: {', '.join(sorted(known)) or 'none'}"


def wide_hint(text: Any) -> tuple[str, str] | None:
    """What is wrong with full-width punctuation where YAML wants ASCII, and what to write."""
    if not isinstance(text, str):
        return None
    colon = _WIDE_COLON.match(text)
    if colon:
        return f"full-width colon '：' after {colon[1]!r}", "write ': ' (a plain colon and a space)"
    return None


def wide_in_name(text: Any) -> tuple[str, str] | None:
    """As :func:`wide_hint`, for what should be a key, a name or a number."""
    hint = wide_hint(text)
    if hint is not None or not isinstance(text, str):
        return hint
    if _WIDE_QUOTE.search(text):
        return f"full-width quotes “ ” around {shown(text.strip('“”'))}", 'write " or no quotes at all'
    if "，" in text:
        return f"full-width comma '，' in {shown(text)}", "write ', ' (a plain comma and a space)"
    if "：" in text:
        return f"full-width colon '：' in {shown(text)}", "write ': ' (a plain colon and a space)"
    return None
