"""From a spec file to the collectors of its targets."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.across_nodes import AllTargets
from distill_tests.adhoc import adhoc_model
from distill_tests.errors import Problem, SpecError, UnknownName
from distill_tests.gates.across import ALL_TARGETS
from distill_tests.nodes import AUDITING, Target, in_words, skip_without
from distill_tests.roots import find_root
from distill_tests.subjects import audits_its_judge, default_targets
from distill_tests.types import Model, Spec


class SpecFile(pytest.File):
    """A spec; its problems are one collection error with every line of them."""

    def collect(self) -> Iterator[pytest.Collector]:
        root = find_root(self.path)
        assert root is not None, "the plugin collects files below a models.yaml only"
        auditing = self.config.stash[AUDITING]
        try:
            models = auditing.models(root)
        except SpecError:  # told together with what is wrong with the spec itself
            raise SpecError(specfile.check([self.path], environ=os.environ)) from None
        spec = specfile.load(self.path, models, environ=os.environ)
        skip_without(spec.requires, self.path)
        chosen = chosen_targets(spec, models, auditing.targets)
        targets = [Target.from_parent(self, name=model.alias, spec=spec, model=model) for model in chosen]
        yield from targets
        if any(gate.across for gate in spec.gates):
            _refuse_name(spec, chosen)
            own = default_targets(spec)
            absent = {one.alias: "not among --target" for one in own if one not in chosen}
            yield AllTargets.from_parent(self, name=ALL_TARGETS, spec=spec, targets=targets, absent=absent)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 - pytest's
        words = in_words(excinfo.value)
        redact = self.config.stash[AUDITING].redactor().redact
        return super().repr_failure(excinfo) if words is None else redact(words)


def chosen_targets(spec: Spec, models: Mapping[str, Model], override: Sequence[str]) -> tuple[Model, ...]:
    """The models a spec audits: ``--target``, or its own ``targets:``, or every marked card; or its judge."""
    if override and not audits_its_judge(spec):
        return tuple(_named_target(text, models) for text in dict.fromkeys(override))
    return default_targets(spec)


def _named_target(text: str, models: Mapping[str, Model]) -> Model:
    """A card by its alias, or a model without one such as ``openai:gpt-4o-mini``."""
    model = models.get(text) or adhoc_model(text)
    if model is None:
        raise UnknownName("target", text, difflib.get_close_matches(text, models), sorted(models))
    return model


def _refuse_name(spec: Spec, targets: Sequence[Model]) -> None:
    for model in targets:
        if model.alias == ALL_TARGETS:
            what = f"a target called {ALL_TARGETS!r}, the name that a gate across targets has"
            place = model.place or spec.place("targets")
            raise SpecError([Problem(place=place, what=what, allowed="rename the card")])
