"""A spec file to :class:`~distill_tests.types.Spec`, with its packs in place and every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill_tests.errors import UnknownName
from distill_tests.registry import KindEntry, judges, kinds
from distill_tests.specfile.calibrated import read_calibration
from distill_tests.specfile.canaries import read_canaries
from distill_tests.specfile.cards import texts
from distill_tests.specfile.cases import own_problems
from distill_tests.specfile.compared import Comparing
from distill_tests.specfile.environment import expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.gates import read_gates
from distill_tests.specfile.judging import Cards, read_judge
from distill_tests.specfile.packs import Packs
from distill_tests.specfile.schemas import closed, inlined, whole
from distill_tests.specfile.tree import read_inside
from distill_tests.specfile.validate import Noted, check, noted
from distill_tests.types import Model, Place, Pointer, Sampling, Spec


def load(path: Path, models: Mapping[str, Model] | None, *, environ: Mapping[str, str]) -> Spec:
    """The spec in a file; raises SpecError with every problem of the file and of its packs.

    ``models`` are the cards that aliases may name; None where they cannot be read, and then no alias
    is checked.  Where a variable listed under ``requires`` is unset, paths that cite it stand as they
    are and packs behind it are left out: such a spec is to be skipped.
    """
    return _SpecReader(path, models, environ).spec()


class _SpecReader:
    def __init__(self, path: Path, models: Mapping[str, Model] | None, environ: Mapping[str, str]) -> None:
        self.directory, self.environ = path.parent, environ
        self.sheet = Sheet(read_inside(path))
        self.cards = Cards(models, self.sheet)
        self.data: Any = self.sheet.document.data
        self.common = whole("spec.json")
        self.noted: list[Noted] = []
        self.own_keys_hold = False
        self.places = _places(self.sheet.document.path, self.sheet.document.values)

    def spec(self) -> Spec:
        self._check_keys()
        self._complete_judge()
        judge = read_judge(self.data, self.cards, self.sheet, directory=self.directory, environ=self.environ)
        gates = read_gates(self.data, self.sheet, self._comparing())
        calibration = read_calibration(
            self.data, gates, self.sheet, directory=self.directory, environ=self.environ
        )
        before = len(self.sheet.problems)
        body = self._body()
        if self.sheet.problems and len(self.sheet.problems) == before and self.own_keys_hold:
            self._tell_of_kind(body)
        self.sheet.raise_if_any()
        canaries = read_canaries(self.data, self.places, self.sheet, judge)
        self.sheet.raise_if_any()
        targets = self.data.get("targets", "all")
        spec = Spec(
            path=self.sheet.document.path,
            kind=self.data["kind"],
            title=self.data["title"],
            source=self.data.get("source"),
            targets=targets if targets == "all" else tuple(targets),
            models=dict(self.cards.models),
            judge=judge,
            sampling=_sampling(self.data.get("sampling", {})),
            repeats=int(self.data.get("repeats", 1)),
            on_miss=self.data.get("on_miss", "fail"),
            on_cutoff=self.data.get("on_cutoff", "judge"),
            gates=gates,
            canaries=canaries,
            calibration=calibration,
            requires=tuple(self.data.get("requires", ())),
            body=body,
            places=self.places,
        )
        complete = getattr(kinds.get(spec.kind).kind, "completed", None)
        return complete(spec) if complete is not None else spec

    def _complete_judge(self) -> None:
        """Options that the kind gives the named judge, and those that it calls, where the spec has none."""
        name, written = self.data.get("kind"), self.data.get("judge")
        if isinstance(name, str) and name in kinds and isinstance(written, dict):
            defaults: Mapping[str, Any] = getattr(kinds.get(name).kind, "judge_defaults", {})
            judge = written.get("name")
            calls = judges.get(judge).parts if isinstance(judge, str) and judge in judges else None
            for part in calls(written) if calls else ():
                if part.at:
                    value_at(written, part.at[:-1])[part.at[-1]] = _with_defaults(part.written, defaults)
            self.data["judge"] = _with_defaults(written, defaults)

    def _comparing(self) -> Comparing:
        directory, environ, requires = self.directory, self.environ, self._requires()
        return Comparing(self.cards, self.sheet, directory=directory, environ=environ, requires=requires)

    def _requires(self) -> list[str]:
        written = self.data.get("requires")
        return [name for name in written if isinstance(name, str)] if isinstance(written, list) else []

    def _check_keys(self) -> None:
        """Every key, common or the kind's, but for what lies inside judge and gates."""
        open_kind = {"type": "string", "examples": list(kinds)}
        properties = {**self.common["properties"], "judge": {}, "gates": {}, "kind": open_kind}
        common = {"properties": properties, "required": self.common["required"]}
        kind = self._kind()
        if kind is not None:
            schema = closed(common, inlined(kind.schema))
        else:
            schema = closed(common, {}, unless_like=common["required"])
        faults = check(self.data, schema)
        self.sheet.take(faults)
        if not isinstance(self.data, dict):
            self.sheet.raise_if_any()
        shared = self.common["properties"]
        elsewhere = all(fault.at and fault.at[0] in shared for fault in faults)
        self.own_keys_hold = kind is not None and elsewhere and not self.sheet.document.problems
        self.noted = noted(self.data, schema)
        for note in self._noted("x-model"):
            self.cards.check(value_at(self.data, note.at), note.at)

    def _kind(self) -> KindEntry | None:
        name = self.data.get("kind") if isinstance(self.data, dict) else None
        if not isinstance(name, str):
            return None  # the common keys say so
        try:
            return kinds.get(name)
        except UnknownName as error:
            self.sheet.unknown_name(("kind",), error)
            return None

    def _noted(self, annotation: str) -> list[Noted]:
        return [note for note in self.noted if note.annotation == annotation]

    # --- the kind's keys, with variables and packs in place

    def _body(self) -> dict[str, Any]:
        requires = self._requires()
        for note in self._noted("x-path"):
            self._expand(note.at, requires)
        for note in self._noted("x-pack"):
            self._put_packs(note, requires)
        return {key: value for key, value in self.data.items() if key not in self.common["properties"]}

    def _tell_of_kind(self, body: Mapping[str, Any]) -> None:
        """What the kind finds in its own keys, which the schema accepts, beside what is wrong elsewhere."""
        if all(self.environ.get(name) for name in self._requires()):
            path, kind = self.sheet.document.path, self.data["kind"]
            spec = Spec(path=path, kind=kind, title="", body=body, places=self.places)
            self.sheet.problems.extend(own_problems(spec))

    def _expand(self, at: Pointer, requires: list[str]) -> None:
        around, value = value_at(self.data, at[:-1]), value_at(self.data, at)
        if isinstance(value, str):
            result = expanded(value, self.environ, optional=requires)
            around[at[-1]] = result.text
            for what, allowed in result.faults:
                self.sheet.note(at, what, allowed=allowed)

    def _put_packs(self, note: Noted, requires: list[str]) -> None:
        written = value_at(self.data, note.at)
        if not all(isinstance(one, str) for one in (written if isinstance(written, list) else [written])):
            return  # the schema has said so, or another annotation has put the packs here
        packs = Packs(note.argument, self.environ, requires)
        packs.include(written, self.sheet, note.at, self.directory)
        value_at(self.data, note.at[:-1])[note.at[-1]] = [document.data for document in packs.documents]
        for index, document in enumerate(packs.documents):
            self.places |= _places(document.path, document.values, (*note.at, index))


def _with_defaults(written: Any, defaults: Mapping[str, Any]) -> Any:
    """A judge as it is written, with the options that it has by default under the spec's kind."""
    card = {"name": written} if isinstance(written, str) else written
    name = card.get("name") if isinstance(card, dict) else None
    own = defaults.get(name) if isinstance(name, str) else None
    return {**own, **card} if own else written


def _places(path: str, values: Mapping[Pointer, tuple[int, int]], at: Pointer = ()) -> dict[Pointer, Place]:
    return {
        (*at, *pointer): Place(path=path, line=line, column=column)
        for pointer, (line, column) in values.items()
    }


def value_at(data: Any, at: Pointer) -> Any:
    """The value at a pointer that exists."""
    for part in at:
        data = data[part]
    return data


def _sampling(written: Mapping[str, Any]) -> Sampling:
    return Sampling(**{**written, "stop": texts(written.get("stop"))})
