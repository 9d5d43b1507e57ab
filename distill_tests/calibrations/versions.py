"""The version of a judge as a spec uses it, and the head that a calibration's records carry."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict

from distill_tests.gold import GoldSet
from distill_tests.record import plain
from distill_tests.registry import Judge, judges
from distill_tests.types import Json, JudgeUse, Model, Spec


def judge_version(use: JudgeUse) -> str:
    """64 hexadecimal digits that change whenever the judge may judge otherwise.

    A judge says its own version (``Declared.version``); of one that does not, its options and the source of
    the module that defines it.  A model it asks counts with all that its card says of how it is asked.
    """
    judge = judges.get(use.name)
    own = judge.declared(use.options).version
    told: dict[str, Json] = {
        "judge": use.name,
        "version": own or _source_sha256(judge),
        "options": None if own else plain(dict(use.options)),
        "models": [_asked(model) for model in use.asked()],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _source_sha256(judge: Judge) -> str:
    """Of the module in which a judge is defined; empty where its source cannot be read."""
    try:
        source = inspect.getsource(sys.modules[judge.function.__module__])
    except (OSError, TypeError, KeyError):
        return ""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def _told(model: Model) -> dict[str, Json]:
    return {
        "alias": model.alias,
        "provider": model.provider,
        "model": model.model,
        "base_url": model.base_url,
        "revision": model.revision,
    }


def _asked(model: Model) -> dict[str, Json]:
    """All that shapes what a model answers."""
    how: dict[str, Json] = {
        "params": plain(dict(model.params)),
        "system": model.system,
        "ask_as": model.ask_as,
        "options": plain(dict(model.options)),
    }
    return _told(model) | how


def heading(about: GoldSet, spec: Spec) -> Mapping[str, Json]:
    """What the first record of a calibration says of the whole: the judge, the gold file, the annotators."""
    use = spec.judge
    assert use is not None, "a calibration has a judge"
    return {"judge": heading_of(use), "gold": plain(asdict(about))}


def heading_of(use: JudgeUse) -> dict[str, Json]:
    """A judge in plain data: its name, version and options, and the models it asks."""
    return {
        "name": use.name,
        "version": judge_version(use),
        "options": plain(dict(use.options)),
        "models": [_told(model) for model in use.asked()],
    }
