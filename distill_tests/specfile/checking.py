"""Every problem of every file below some paths: what ``distill-tests check`` prints.  Nothing is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from distill_tests.errors import BadRows, DistillError, Problem, SpecError
from distill_tests.registry import kinds
from distill_tests.roots import CARDS, find_root, holds_cards
from distill_tests.specfile.cards import absent_files, load_models
from distill_tests.specfile.cases import across_problems, case_problems, own_problems
from distill_tests.specfile.faults import in_order
from distill_tests.specfile.files import shown_path, whole_path
from distill_tests.specfile.packs import problems_of_pack
from distill_tests.specfile.specs import load
from distill_tests.subjects import default_targets
from distill_tests.types import Model, Place, Spec

SUFFIXES = (".yaml", ".yml")


def check(paths: Sequence[Path], *, environ: Mapping[str, str]) -> list[Problem]:
    """The problems of all model cards, specs and packs found under the paths, by place.

    For each spec whose data are present the kind also builds its cases for every target.
    """
    return _Check(environ).of(paths)


class _Check:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[Problem] = []
        self._cards: dict[Path, dict[str, Model] | None] = {}

    def of(self, paths: Sequence[Path]) -> list[Problem]:
        for path in paths:
            if path.is_dir():
                self._folder(path)
            else:
                self._file(path, named=True)
        return in_order(self.problems)

    def _folder(self, folder: Path) -> None:
        found = False
        for path in yaml_files(folder):
            if path.name == CARDS and not holds_cards(path):
                continue
            found |= self._file(path, named=False)
        if not found and (folder / CARDS).is_file():
            what = "this does not look like model cards: none has an identity or is a target"
            self._note(folder / CARDS, what, "alias: {provider: …, identity: {name: …, maker: …}}")
        elif not found:
            self._note(
                folder,
                f"no {CARDS} of ours and no spec below this directory",
                "distill-tests init writes both",
            )

    def _file(self, path: Path, *, named: bool) -> bool:
        """Checks a file if it is ours; says so where a file was named and is not."""
        if path.name == CARDS:
            self._models(path.parent)
            return True
        root = find_root(path, cautious=False)
        if root is not None:
            self._spec(path, self._models(root))
            return True
        inside = _inside(path)
        if inside:
            if "data" not in inside:
                self.problems.extend(problems_of_pack(path))
        elif not path.exists():
            self._note(path, "there is no such file")
        elif named:
            what = f"no {CARDS} of ours stands beside this file or above it"
            self._note(path, what, "a spec lies below its model cards")
        return bool(inside)

    def _models(self, root: Path) -> dict[str, Model] | None:
        if root not in self._cards:
            self._cards[root] = None
            try:
                models = self._cards[root] = load_models(root / CARDS, environ=self.environ)
                for model in models.values():
                    if all(self.environ.get(name) for name in model.requires):
                        self.problems.extend(absent_files(model))
            except SpecError as error:
                self.problems.extend(error.problems)
        return self._cards[root]

    def _spec(self, path: Path, models: dict[str, Model] | None) -> None:
        try:
            spec = load(path, models, environ=self.environ)
        except SpecError as error:
            self.problems.extend(error.problems)
            return
        if models is None:
            if all(self.environ.get(name) for name in spec.requires):
                self.problems.extend(own_problems(spec))
            return
        targets = default_targets(spec)
        if not targets:
            self.problems.append(
                Problem(place=spec.place("targets"), what="'targets' is 'all', but no card has target: true")
            )
        self.problems.extend(across_problems(spec, targets))
        for target in targets:
            if all(self.environ.get(name) for name in (*spec.requires, *target.requires)):
                self._cases(spec, target)

    def _cases(self, spec: Spec, target: Model) -> None:
        try:
            cases = tuple(kinds.get(spec.kind).kind.cases(spec, target))
            self.problems.extend(case_problems(cases, spec, target))
        except (SpecError, BadRows) as error:
            self.problems.extend(error.problems)
        except DistillError as error:
            self.problems.append(Problem(place=spec.place(), what=f"target {target.alias!r}: {error}"))

    def _note(self, path: Path, what: str, allowed: str | None = None) -> None:
        place = Place(path=shown_path(path), line=1, column=1)
        self.problems.append(Problem(place=place, what=what, allowed=allowed))


def _inside(path: Path) -> tuple[str, ...]:
    """The parts of a path below the nearest folder with our cards; none if there is no such folder."""
    whole = whole_path(path)
    root = next((parent for parent in whole.parents if holds_cards(parent / CARDS)), None)
    return whole.relative_to(root).parts if root is not None else ()


def yaml_files(folder: Path) -> Iterator[Path]:
    """The YAML files below a folder in a fixed order, without hidden and data folders."""
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "data")
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(directory) / name
