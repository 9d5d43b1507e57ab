"""JSON Schema 2020-12, with messages for people: the keywords that our schemas use.

The schemas are the one source of what is allowed; editors read the same files.  jsonschema is the
oracle of the tests: both must accept and refuse the same documents.  This package has its own walk
because a message needs every allowed key at hand (near misses), the walk has to say where includes,
paths and aliases stand, and importing jsonschema takes 0.15 s.

A valid value's annotations are noted on the way: ``x-pack`` (an include, and the schema of the
included file), ``x-path`` (``${ENV}`` is expanded) and ``x-model`` (the alias of a model card).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from distill_tests.errors import DistillError
from distill_tests.specfile import keywords
from distill_tests.specfile.schemas import Resolved, Schema, resolved
from distill_tests.specfile.wording import choice, label, listed, missing, near, shown, wide_in_name
from distill_tests.types import Pointer

MOST_FAULTS: Final = 500
"""Nobody mends more at once, and near misses take time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A problem without its place yet; ``key``: it stands at the key, not at the value."""

    at: Pointer
    what: str
    got: str | None = None
    allowed: str | None = None
    key: bool = False


class Noted(NamedTuple):
    """An annotation met on the way: which, where, and its argument."""

    annotation: str
    at: Pointer
    argument: Any


@dataclass(slots=True)
class Keys:
    """The keys of a mapping that some schema answers for, and the ``properties`` that could be there."""

    seen: set[str] = field(default_factory=set)
    properties: list[Resolved] = field(default_factory=list)

    def add(self, other: Keys) -> None:
        self.seen |= other.seen
        self.properties += other.properties

    def known(self) -> dict[str, Schema]:
        """The schemas of all possible keys."""
        return {
            name: resolved(schema, root) for found, root in self.properties for name, schema in found.items()
        }


@dataclass(slots=True)
class Spot:
    """A value, the schema that it meets, and the document the schema's references start from."""

    walk: Walk
    value: Any
    schema: Schema
    root: Schema
    at: Pointer
    keys: Keys

    def fault(self, what: str, *, got: Any = ..., allowed: str | None = None) -> None:
        self.walk.fault(self.at, what, got=got, allowed=allowed)

    def inner(self, part: str | int, value: Any, schema: Any) -> None:
        """Checks a value inside this one."""
        self.walk.check(value, schema, self.root, (*self.at, part))


class Walk:
    """One pass of schemas over a document; ``faults`` and ``noted`` fill up."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.noted: list[Noted] = []

    def check(self, value: Any, schema: Any, root: Schema, at: Pointer = ()) -> Keys:
        """Collects what is wrong with ``value``; returns the keys that the schema answers for."""
        keys = Keys()
        if isinstance(value, float) and not math.isfinite(value):
            return keys  # the reader has said what is wrong with it
        if isinstance(schema, bool):
            if not schema:
                self.fault(at, f"{label(at)} is not allowed here")
            return keys
        spot = Spot(self, value, schema, root, at, keys)
        for keyword, holds in keywords.FIRST.items():
            if keyword in schema and not holds(spot, schema[keyword]):
                return keys
        for keyword, argument in schema.items():
            handler = keywords.HANDLERS.get(keyword)
            if handler is not None:
                handler(spot, argument)
            elif keyword.startswith("x-"):
                self._note(keyword, argument, value, at)
            elif keyword not in keywords.ANNOTATIONS:
                raise DistillError(
                    f"the JSON Schema keyword {keyword!r} is not supported in schemas of specs"
                )
        if "unevaluatedProperties" in schema:
            self._unevaluated(spot, schema["unevaluatedProperties"])
        return keys

    def trial(self, value: Any, schema: Any, root: Schema, at: Pointer) -> tuple[Walk, Keys]:
        """The same check on a side sheet, for branches."""
        walk = Walk()
        return walk, walk.check(value, schema, root, at)

    def fault(
        self, at: Pointer, what: str, *, got: Any = ..., allowed: str | None = None, key: bool = False
    ) -> None:
        if len(self.faults) >= MOST_FAULTS:
            return
        quoted = None if got is ... else shown(got, key=at[-1] if at else "")
        self.faults.append(Fault(at=at, what=what, got=quoted, allowed=allowed, key=key))

    def unknown(self, value: Mapping[str, Any], keys: Keys, at: Pointer) -> None:
        """A fault for every key that no schema answers for; one that was meant is not called missing."""
        strangers = [name for name in value if name not in keys.seen]
        known = keys.known() if strangers else {}
        for name in strangers[:MOST_FAULTS]:
            self.unknown_key(name, known, (*at, name))
            meant = missing([near(name, known) or ""], at)
            self.faults = [fault for fault in self.faults if fault.at != at or fault.what != meant]

    def misspelt(self, value: Mapping[str, Any], keys: Keys, required: Iterable[str], at: Pointer) -> None:
        """As :meth:`unknown`, where not all keys are known: only for what a missing key was meant to be."""
        absent = [name for name in required if name not in value]
        others = {name for name in value if not wide_in_name(name) and not near(name, absent)}
        self.unknown(value, Keys(seen=keys.seen | others, properties=keys.properties), at)

    def unknown_key(self, name: str, known: Mapping[str, Schema], at: Pointer) -> None:
        if len(self.faults) >= MOST_FAULTS:
            return
        wide = wide_in_name(name)
        if wide is not None:
            self.fault(at, wide[0], allowed=wide[1], key=True)
            return
        inside = f" in {label(at[:-1])}" if len(at) > 1 else ""
        self.fault(at, f"unknown key {shown(name)}{inside}", allowed=_elsewhere(name, known), key=True)

    def _note(self, annotation: str, argument: Any, value: Any, at: Pointer) -> None:
        if annotation == "x-pack" and isinstance(value, Mapping):
            if "include" in value:
                self.noted.append(Noted(annotation, (*at, "include"), argument))
        else:
            self.noted.append(Noted(annotation, at, argument))

    def _unevaluated(self, spot: Spot, allowed: Any) -> None:
        if not isinstance(spot.value, dict):
            return
        if allowed is False:
            self.unknown(spot.value, spot.keys, spot.at)
        else:
            for name in [name for name in spot.value if name not in spot.keys.seen]:
                spot.inner(name, spot.value[name], allowed)
        spot.keys.seen.update(spot.value)


def _elsewhere(name: str, known: Mapping[str, Schema]) -> str:
    """A near miss among the keys allowed here, or the key under which the name would be right."""
    parents = [parent for parent, schema in known.items() if name in schema.get("properties", ())]
    if parents and near(name, known) is None:
        return f"it belongs under {listed(parents, 'or')}"
    if name.isdecimal():
        return "a comma separates keys here; a decimal number is written with a point"
    return choice(name, known)
