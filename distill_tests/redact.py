"""Secrets taken out of text before anybody sees or stores it.

Two ways to find them: the values this process was given (environment variables named by model cards,
or whose name says what they are), in plain, URL-encoded, JSON-escaped, base64 and hexadecimal form;
and the well-known shapes of keys that came from elsewhere.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
REDACTED = "[redacted]"
SHORTEST = 8

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|AUTH", re.IGNORECASE)
# Names that only look like it: GIT_AUTHOR_NAME, XAUTHORITY, KEYBOARD, GNOME_KEYRING_CONTROL, MAX_TOKENS …
_HARMLESS_NAME = re.compile(
    r"AUTHOR|KEYBOARD|KEYRING|KEYMAP|KEYSTROKE|MONKEY|TOKENIZER|MAX_?(?:NEW_?)?TOKENS|NUM_?TOKENS|PUBLIC_?KEY",
    re.IGNORECASE,
)
_ADDRESS_NAME = re.compile(
    r"(?:URL|URI|ENDPOINT|HOST|FILE|PATH|DIR|SOCK|APPLICATION_CREDENTIALS)$", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://[^@?\s]*")
_PATH = re.compile(r"(?:/|~/|\.{1,2}/|[A-Za-z]:[\\/]).*")
_KNOWN_ROOT = re.compile(
    r"(?:/(?:home|root|tmp|var|run|etc|usr|opt|private|Users|mnt|srv|dev)/|~/|[A-Za-z]:[\\/])"
)
_PLACEHOLDER = re.compile(
    r"not[-_ ]?needed|no[-_ ]?key|none|empty|placeholder|change[-_ ]?me|redacted|undefined|disabled|required"
    r"|optional|enabled|password|\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces secrets by ``[redacted]``.  ``str(redactor)`` does not tell them."""

    _needles: tuple[str, ...] = field(default=(), repr=False)
    _shapes: tuple[re.Pattern[str], ...] = field(default=(), repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], extra_names: Iterable[str] = ()) -> Redactor:
        """A redactor of the secrets in ``environ``; ``extra_names`` are what model cards call their keys.

        A value counts from 8 characters on; of variables that no card names, paths, addresses and
        words such as ``not-needed`` do not count.
        """
        named = frozenset(extra_names)
        return cls.of(
            value.strip()
            for name, value in environ.items()
            if (name in named or _SECRET_NAME.search(name)) and _is_secret(name, value.strip(), named)
        )

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Redactor:
        """A redactor of these values."""
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST})
        needles = dict.fromkeys(form for secret in known for form in _encoded(secret))
        plain = [secret for secret in known if _PLAIN.fullmatch(secret)]
        escaped = [re.compile(_any_escape(secret)) for secret in known if secret not in plain]
        return cls((*plain, *needles), tuple(escaped))

    def redact(self, text: str) -> str:
        """``text`` without its secrets."""
        found = [*self._known(text), *_well_known(text)]
        return _without(text, found) if found else text

    __call__ = redact

    def redact_all(self, value: T) -> T:
        """``value``, or a copy without secrets: in plain data and dataclasses every string, keys too."""
        # One search over all of it: a record has some sixty strings, and hardly ever a secret.
        together = "\n\0\n".join(_strings(value))
        return value if self.redact(together) == together else self._each_redacted(value)

    def _each_redacted(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self._each_redacted(key): self._each_redacted(item) for key, item in value.items()}
        if isinstance(value, tuple | list):
            items = [self._each_redacted(item) for item in value]
            return type(value)._make(items) if hasattr(value, "_make") else type(value)(items)
        if not is_dataclass(value):
            return value
        clean = copy.copy(value)
        for one in fields(value):
            object.__setattr__(clean, one.name, self._each_redacted(getattr(value, one.name)))
        return clean

    def _known(self, text: str) -> Iterator[_Found]:
        for needle in self._needles:
            start = text.find(needle)
            while start >= 0:
                yield _Found(start, start + len(needle))
                start = text.find(needle, start + len(needle))
        for shape in self._shapes:
            for match in shape.finditer(text):
                yield _Found(*match.span())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for pair in value.items() for one in pair for text in _strings(one))
    elif isinstance(value, tuple | list):
        yield from (text for item in value for text in _strings(item))
    elif is_dataclass(value):
        yield from (text for one in fields(value) for text in _strings(getattr(value, one.name)))


class _Found(NamedTuple):
    start: int
    end: int


def _is_secret(name: str, value: str, named: frozenset[str]) -> bool:
    if len(value) < SHORTEST or _PLACEHOLDER.fullmatch(value):
        return False
    if name in named:
        return True
    if _ADDRESS_NAME.search(name) and (_ADDRESS.fullmatch(value) or _PATH.fullmatch(value)):
        return False
    return not (_HARMLESS_NAME.search(name) or _KNOWN_ROOT.match(value))


def _without(text: str, found: list[_Found]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop in sorted(found):
        if start >= end:
            parts += [text[end:start], REDACTED]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


# --- the forms a known secret takes -------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
"""Characters that URLs and JSON leave alone."""


def _any_escape(secret: str) -> str:
    """A pattern for ``secret`` plain, URL-encoded or JSON- or HTML-escaped, once or several times over."""
    return "".join(re.escape(char) if _PLAIN.fullmatch(char) else _char(char) for char in secret)


_SPELLED = {"\n": ["n"], "\r": ["r"], "\t": ["t"]}
_ENTITIES = {"&": "amp|#38", "<": "lt|#60", ">": "gt|#62", '"': "quot|#34", "'": "apos|#39|#x27"}


def _char(char: str) -> str:
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in char.encode("utf-8", "replace"))
    units = char.encode("utf-16-be", "surrogatepass").hex()
    ways = [re.escape(char), percent]
    ways += ["".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))]
    if ord(char) < 0x100:
        ways.append(rf"\\+x{ord(char):02x}")
    ways += [rf"\\+{letter}" for letter in _SPELLED.get(char, [])]
    if char == " ":
        ways.append(r"\+")
    if char in _ENTITIES:
        ways.append(f"&(?:amp;)*(?:{_ENTITIES[char]});")
    before = r"\\*" if char in "\\/\"'" else ""
    return f"{before}(?i:{'|'.join(ways)})"


def _encoded(secret: str) -> Iterator[str]:
    """What of ``secret`` shows in base64 (at each of the three alignments, both alphabets) and in hex."""
    raw = secret.encode("utf-8", "surrogatepass")
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        # The first characters also hold bits of what stands before, the last ones of what follows.
        core = text[(0, 2, 3)[shift] : (len(raw) + shift) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")
        if "/" in core or "+" in core:
            yield core.replace("/", "\\/")
            for plus, slash in (("%2B", "%2F"), ("%2b", "%2f")):
                yield core.replace("+", plus).replace("/", slash)
    yield raw.hex()
    yield raw.hex().upper()


# --- the shapes of keys that are not ours -------------------------------------------------------


class _Shape(NamedTuple):
    """``hints``: text without any of them has no such key (finding that out is fast).

    ``pattern``'s group ``secret`` is what is taken out, if ``believed`` says that it is one.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    believed: Callable[[str], bool]


def _always(_secret: str) -> bool:
    return True


def _random_looking(secret: str) -> bool:
    """Whether this is hardly a word: long, with a digit among its letters."""
    has_digit = any(char.isdigit() for char in secret)
    has_letter = any(char.isalpha() for char in secret)
    return len(secret) >= 16 and has_digit and has_letter


def _not_a_placeholder(secret: str) -> bool:
    return secret[0] not in "$<{[*%" or secret.startswith("%2")


def _key_looking(secret: str) -> bool:
    """Whether what follows ``sk-`` is a key, not ``sk-learn-something`` or ``sk-2024-annual-report``."""
    runs = re.split(r"[-_]", secret)
    if any(len(run) >= 20 or (len(run) >= 12 and any(char.isdigit() for char in run)) for run in runs):
        return True
    mixed = all(any(test(char) for char in secret) for test in (str.isupper, str.islower, str.isdigit))
    return mixed and len(secret) >= 20


_SHAPES = (
    _Shape(("sk-",), re.compile(r"sk-(?<![A-Za-z0-9]sk-)(?P<secret>[A-Za-z0-9_-]{12,})"), _key_looking),
    _Shape(("AIza",), re.compile(r"(?P<secret>AIza[A-Za-z0-9_-]{30,})"), _always),
    _Shape(("AKIA", "ASIA"), re.compile(r"(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})(?![A-Z0-9])"), _always),
    _Shape(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        re.compile(r"(?P<secret>gh[pousr]_[A-Za-z0-9]{16,})"),
        _always,
    ),
    _Shape(("github_pat_",), re.compile(r"(?P<secret>github_pat_[A-Za-z0-9_]{20,})"), _always),
    _Shape(("hf_",), re.compile(r"(?P<secret>hf_(?<![A-Za-z0-9]hf_)[A-Za-z0-9]{24,})"), _always),
    _Shape(("glpat-",), re.compile(r"(?P<secret>glpat-[A-Za-z0-9_-]{16,})"), _always),
    _Shape(("xox",), re.compile(r"(?P<secret>xox[abeoprs]-[A-Za-z0-9-]{16,})"), _always),
    _Shape(
        ("eyJ",),
        re.compile(r"(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)"),
        _always,
    ),
    _Shape(
        ("PRIVATE KEY",),
        re.compile(r"PRIVATE KEY-----(?P<secret>[A-Za-z0-9+/=\s\\,:-]{16,}?)-----END"),
        _always,
    ),
    # Headers: after "Authorization" whatever follows a scheme; a bare "Bearer x" only if x is no word.
    _Shape(
        ("uthorization", "UTHORIZATION"),
        re.compile(
            r"""[Aa](?:uthorization|UTHORIZATION)\\*["']?\s*[:=,]\s*\\*["']?"""
            r"""(?:[Bb]earer|BEARER|[Bb]asic|BASIC|[Tt]oken|[Dd]igest)\s+(?P<secret>[^\s"'\\,;<>]{4,})"""
        ),
        _not_a_placeholder,
    ),
    _Shape(
        ("earer ", "EARER "),
        re.compile(r"(?:[Bb]earer|BEARER) +(?P<secret>[A-Za-z0-9._~+/=-]{16,})"),
        _random_looking,
    ),
    _Shape(
        ("asic ",), re.compile(r"[Bb]asic +(?P<secret>[A-Za-z0-9+/]{16,}={0,2})(?![A-Za-z])"), _random_looking
    ),
    # Query parameters and the like: api_key=…, "apiKey": "…", x-api-key: …
    _Shape(
        ("api_key", "api-key", "apikey", "apiKey", "API_KEY", "API-KEY", "Api-Key", "APIKEY"),
        re.compile(
            r"""(?:api[_-]?[kK]ey|API[_-]?KEY|Api-Key)\\*["']?(?:=|%3[Dd]|\s*[:=]\s*)\\*["']?(?P<secret>[^\s"'\\&<>,;)}\]]{8,})"""
        ),
        lambda secret: _not_a_placeholder(secret) and any(char.isdigit() for char in secret),
    ),
    _Shape(
        ("api_key=", "api-key=", "apikey=", "access_token=", "auth_token=", "client_secret=", "password="),
        re.compile(
            r"""[?&](?:api[_-]?key|access_token|auth_token|client_secret|password)=(?P<secret>[^\s"'\\&<>#]{4,})"""
        ),
        _not_a_placeholder,
    ),
    _Shape(
        ("?key=", "&key=", "?token=", "&token=", "?sig=", "&sig=", "ignature="),
        re.compile(r"""[?&](?:key|token|sig|signature|X-Amz-Signature)=(?P<secret>[^\s"'\\&<>#]{8,})"""),
        _random_looking,
    ),
    # user:password@host, and a token as the user; greedy, so that a password may hold an @.
    _Shape(
        ("://",),
        re.compile(r"""://[^\s/:@"'<>?#]*:(?P<secret>[^\s/"'<>]+)@"""),
        _not_a_placeholder,
    ),
    _Shape(("://",), re.compile(r"""://(?P<secret>[^\s/:@"'<>?#]{16,})@"""), _random_looking),
)


def _well_known(text: str) -> Iterator[_Found]:
    for hints, pattern, believed in _SHAPES:
        if not any(hint in text for hint in hints):
            continue
        for match in pattern.finditer(text):
            if believed(match["secret"]):
                yield _Found(*match.span("secret"))
