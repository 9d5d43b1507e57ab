"""A breach of a schema, as jsonschema reports it, and a fault, as people are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jsonschema import ValidationError

from distill_tests.specfile.wording import label, shown
from distill_tests.types import Pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A problem without its place yet; ``key``: it stands at the key, not at the value.

    ``meant``: the key that an unknown one was probably meant to be.
    """

    at: Pointer
    what: str
    got: str | None = None
    allowed: str | None = None
    key: bool = False
    meant: str | None = None


class Breach(NamedTuple):
    """A ValidationError: the value at ``at`` does not do what ``keyword: demand`` of ``schema`` asks."""

    at: Pointer
    value: Any
    keyword: str
    demand: Any
    schema: Any
    inner: Sequence[ValidationError]

    @property
    def label(self) -> str:
        return label(self.at)

    def fault(self, what: str, *, allowed: str | None = None) -> Fault:
        return Fault(at=self.at, what=what, allowed=allowed)

    def quoting(self, what: str, *, allowed: str | None = None) -> Fault:
        """As :meth:`fault`, with the value."""
        got = shown(self.value, key=self.at[-1] if self.at else "")
        return Fault(at=self.at, what=what, got=got, allowed=allowed)
