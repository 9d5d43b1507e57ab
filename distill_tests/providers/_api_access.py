"""Where an API's calls go and with what key, as its official SDK has it, with one difference.

The SDKs send the key of their environment variable wherever ``base_url`` points.  Here it goes to the
API's own hosts, to this machine, and to an address that comes from the environment too; a card that
names another host has to name the key that is meant for it.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from distill_tests.errors import Refused
from distill_tests.types import Model

NOT_NEEDED = "not-needed"
"""Sent as the key where none is known: local servers want none, the SDKs want to send one."""

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An API as its SDK knows it: names of environment variables, and where it is by default."""

    provider: str
    key_variable: str
    url_variable: str
    url: str
    domain: str


def base_url(model: Model, home: Home, environ: Mapping[str, str]) -> str:
    """Where the card's calls go: the card's address, the environment's, or the API's own."""
    return model.base_url or environ.get(home.url_variable, "").strip() or home.url


def shown_url(url: str) -> str:
    """The address without user name, password, query and final slash: for messages and fingerprints."""
    parts = urllib.parse.urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))


def api_key(model: Model, home: Home, environ: Mapping[str, str]) -> str | None:
    """The key for the card's calls; ``None`` where none is set and the API wants one.

    Raises Refused where the card names a variable that is not set, or the key cannot be sent.
    """
    name = model.api_key_env or home.key_variable
    if model.api_key_env is None and not _is_home(model, home):
        return NOT_NEEDED
    key = environ.get(name, "").strip()
    if not key and model.api_key_env is not None:
        raise missing_key(home, name)
    if not key:
        return NOT_NEEDED if model.base_url is not None and not _is_domain(model, home) else None
    if not (key.isascii() and key.isprintable()):
        raise Refused(
            f"{home.provider}: the key in {name} has a character that no HTTP header can carry", sent=False
        )
    return key


def missing_key(home: Home, name: str | None = None) -> Refused:
    """What to tell somebody whose environment has no key."""
    return Refused(
        f"{home.provider}: no API key. Set {name or home.key_variable}, "
        "or name another provider in specs/models.yaml",
        sent=False,
    )


def _is_home(model: Model, home: Home) -> bool:
    """Whether the environment's key is meant for the card's address."""
    return model.base_url is None or _is_domain(model, home) or _host(model.base_url) in _THIS_MACHINE


def _is_domain(model: Model, home: Home) -> bool:
    host = _host(model.base_url or home.url)
    return host == home.domain or host.endswith(f".{home.domain}")


def _host(url: str) -> str:
    return (urllib.parse.urlsplit(url).hostname or "").lower()
