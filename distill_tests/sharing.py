"""Where the text of a ``confidential`` model may go: into this process, and to its ``share_with`` hosts.

Whoever shows one model's text to another model asks here first, before anything is sent.  Hosts are
compared letter by letter after lower-casing; an entry with a port allows that port only.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Any, NamedTuple

from distill_tests.errors import DistillError
from distill_tests.registry import providers
from distill_tests.types import Model

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_PORTS = {"http": 80, "https": 443}


class Trouble(NamedTuple):
    """Why a text must not go to a model, and what would be allowed."""

    what: str
    allowed: str


class Address(NamedTuple):
    host: str
    port: int


def sharing_trouble(owner: Model, reader: Model) -> Trouble | None:
    """Why ``reader`` must not be shown what ``owner`` says, or None where it may.

    A model in this process may be shown everything, and a model its own words.  Where nobody can tell
    to what host the reader's calls go, it may not be shown anything confidential.
    """
    if not owner.confidential or reader == owner:
        return None
    provider: Any = providers.get(reader.provider).make
    if getattr(provider, "embedded", False):
        return None
    hosts = ", ".join(owner.share_with) or "no host"
    allowed = f"share_with on the card of {owner.alias!r} allows {hosts}"
    try:
        address = address_of(reader)
    except DistillError as error:
        return Trouble(f"nobody can tell where {reader.alias!r} is asked ({error})", allowed)
    if address is None:
        return Trouble(f"nobody can tell where {reader.alias!r} is asked", allowed)
    if any(_allows(entry, address) for entry in owner.share_with):
        return None
    at = address.host if address.port in _PORTS.values() else f"{address.host}:{address.port}"
    return Trouble(f"{owner.alias!r} is confidential, and {reader.alias!r} is asked at {at}", allowed)


def address_of(model: Model) -> Address | None:
    """Where a card's calls go, as its provider says (the card's address, the environment's or the API's own).

    None where that is no plain host name.  Raises DistillError for a card that cannot be asked.
    """
    told = providers.get(model.provider).make(model).identifies().get("base_url")
    if not isinstance(told, str):
        return None
    try:
        parts = urllib.parse.urlsplit(told)
        host, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if port is None or not _HOST.fullmatch(host) or "\\" in told or not told.isprintable():
        return None
    return Address(host, port)


def _allows(entry: str, address: Address) -> bool:
    host, colon, port = entry.lower().partition(":")
    return host == address.host and (not colon or port == str(address.port))
