"""Whom a lineage spec compares a target with: the panel by maker, the own family, the base, null models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

from distill_tests.errors import Problem
from distill_tests.lineage.audited import Settings, refuse_unfit
from distill_tests.types import Model, Spec

NO_TEACHER: Final = "no_teacher"


def beside(spec: Spec) -> tuple[Model, ...]:
    """The panel and the null models, each once."""
    names = dict.fromkeys((*spec.body["panel"], *spec.body.get("nulls", ())))
    return tuple(spec.models[name] for name in names)


def settings_of(spec: Spec, target: Model) -> Settings:
    """The comparison of one target: members of its own maker are its siblings without being named."""
    body = spec.body
    panel: dict[str, list[str]] = {}
    for name in body["panel"]:
        panel.setdefault(_maker(spec.models[name]), []).append(name)
    own = panel.get(_maker(target), []) if target.identity else []
    base = body.get("base")
    return Settings(
        panel=panel,
        siblings=tuple(dict.fromkeys((*body.get("siblings", ()), *own))),
        base=_maker(spec.models[base]) if base else None,
        project_base=body.get("project_base", False),
        nulls={name: _maker(spec.models[name]) for name in body.get("nulls", ())},
        shipped_nulls=body.get("shipped_nulls", False),
    )


def misfits(spec: Spec, target: Model) -> Iterator[Problem]:
    """What cannot be compared: members without a maker, too few of them, a gate that could never fail."""
    yield from _without_libraries(spec)
    unknown = list(_without_maker(spec))
    yield from unknown
    if spec.judge is not None:
        what = "lineage compares all answers together, and no judge judges one of them"
        yield Problem(place=spec.place("judge"), what=what, allowed="remove this key")
    if unknown:
        return
    settings = settings_of(spec, target)
    yield from _too_few(spec, settings, target)
    yield from _double_roles(spec)
    for gate in spec.gates:
        if gate.statistic != NO_TEACHER or gate.at_least is None:
            continue
        refused = refuse_unfit(settings, gate.at_least)
        if refused is not None:
            what = f"gate {gate.name!r}: {refused}"
            allowed = "add null models (nulls: […]) or raise fwer"
            yield Problem(place=gate.place or spec.place("gates", gate.name), what=what, allowed=allowed)


def _without_libraries(spec: Spec) -> Iterator[Problem]:
    """What computes the comparison is an extra; without it nothing should be asked."""
    absent = [name for name in ("numpy", "scipy") if find_spec(name) is None]
    if absent:
        what = f"lineage is computed with {' and '.join(absent)}, which is not installed"
        yield Problem(place=spec.place("kind"), what=what, allowed="pip install 'distill-tests[similarity]'")


def _maker(model: Model) -> str:
    return model.identity.maker if model.identity else ""


def _without_maker(spec: Spec) -> Iterator[Problem]:
    """The maker is what is named: every member and every null model must have one."""
    body: Mapping[str, Any] = spec.body
    lists: Mapping[str, Sequence[str]] = {key: body.get(key, ()) for key in ("panel", "nulls")}
    for key, names in lists.items():
        for index, name in enumerate(names):
            if spec.models[name].identity is None:
                what = f"{name!r} stands for its maker, and its card names none"
                allowed = "give its card an identity: {name: …, maker: …}"
                yield Problem(place=spec.place(key, index), what=what, allowed=allowed)
    base = body.get("base")
    if base and spec.models[base].identity is None:
        what = f"{base!r} stands for its maker, and its card names none"
        allowed = "give its card an identity: {name: …, maker: …}"
        yield Problem(place=spec.place("base"), what=what, allowed=allowed)


def _too_few(spec: Spec, settings: Settings, target: Model) -> Iterator[Problem]:
    """Nearest is a comparison: without the own family and the base's maker two makers must be left."""
    makers = {
        maker
        for maker, members in settings.panel.items()
        if any(name not in settings.siblings and name != target.alias for name in members)
        and maker != settings.base
    }
    if len(makers) < 2:
        left = f"{len(makers)} maker" + ("" if len(makers) == 1 else "s")
        base = "and its base model's maker are " if settings.base in settings.panel else "is "
        what = f"of the panel {left} can be nearest to {target.alias!r} once its own family {base}left out"
        yield Problem(place=spec.place("panel"), what=what, allowed="members of two other makers or more")


def _double_roles(spec: Spec) -> Iterator[Problem]:
    panel = list(spec.body["panel"])
    for index, name in enumerate(spec.body.get("siblings", ())):
        if name not in panel:
            what = f"sibling {name!r} is no member of the panel, from which it would be left out"
            yield Problem(place=spec.place("siblings", index), what=what, allowed="remove it")
    makers = {_maker(spec.models[name]) for name in panel}
    for index, name in enumerate(spec.body.get("nulls", ())):
        if name in panel:
            what = f"null model {name!r} is a member of the panel, and so a null model already"
            yield Problem(place=spec.place("nulls", index), what=what, allowed="remove it")
        elif _maker(spec.models[name]) in makers:
            what = f"null model {name!r} is made by {_maker(spec.models[name])!r}, a maker of the panel"
            yield Problem(place=spec.place("nulls", index), what=what, allowed="a model of another maker")
