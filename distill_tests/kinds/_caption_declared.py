"""The declared set of a caption spec: its items in planned order, or the part that is drawn."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from distill_tests.errors import NotForTarget, Problem, SpecError
from distill_tests.kinds._caption_case import CaptionCase, CiderOfSet, Item, content_of
from distill_tests.kinds._caption_items import FORMS, items_of
from distill_tests.kinds._caption_seeing import instruction_version
from distill_tests.kinds._caption_setting import DIMENSIONS, Setting, declared_of, setting_of
from distill_tests.plan import in_random_order, set_hash
from distill_tests.registry import providers
from distill_tests.subjects import default_targets
from distill_tests.types import Case, Json, Model, Spec

MOST_CHARACTERS: Final = 80
"""Of an item's id in the name of its test."""
TEXT_ONLY: Final = ("local",)
"""Providers whose models see no image."""
NOT_OF_CAPTIONS: Final = ("mean_overall", "mean_of_sets")
"""Statistics of another kind that the word overall of ours leads to."""
_UNNAMED: Final = ""


def declared_cases(spec: Spec, target: Model) -> Sequence[Case]:
    """A case for each item that is drawn; raises SpecError with every problem at once."""
    setting = setting_of(spec)
    problems = [*_misfits(spec, setting), *_gate_misfits(spec)]
    items: list[Item] = []
    try:
        items = items_of(spec, owner=None if setting.is_captioning else _owner(spec, target))
    except SpecError as error:
        problems += error.problems
    if items:
        problems += _unjudgeable(spec, setting, items)
        problems += _unknown_languages(spec, items)
    size = int(spec.body.get("sample", {}).get("size", len(items)))
    if items and size > len(items):
        place, what = spec.place("sample", "size"), "the sample is larger than the set"
        problems.append(Problem(place=place, what=what, got=str(size), allowed=f"at most {len(items)}"))
    if problems:
        raise SpecError(problems)
    _refuse_target(spec, setting, target, items)
    return _cases(spec, setting, items, size=size)


def _owner(spec: Spec, target: Model) -> str:
    """Whose captions they are where rows do not say so: the spec's only target's, or nobody's."""
    targets = [model.alias for model in default_targets(spec)] or [target.alias]
    return targets[0] if len(targets) == 1 else _UNNAMED


# --- what cannot be audited -----------------------------------------------------------------------


def _misfits(spec: Spec, setting: Setting) -> Iterator[Problem]:
    if spec.canaries:
        what = "a canary is an answer alone, and a caption is judged by references or an image"
        yield Problem(place=spec.place("canaries"), what=what, allowed="remove canaries")
    for model in spec.judge.asked() if spec.judge and setting.judges_images else ():
        blind = _why_blind(model)
        if blind is not None:
            what = f"{blind} and cannot judge by images"
            yield Problem(place=spec.place("judge", "model"), what=what, allowed="evidence: references")
    if setting.is_captioning:
        return
    if spec.repeats != 1:
        what = "captions of a file are there once"
        allowed = "remove this key; a judge that asks a model has samples of its own"
        yield Problem(place=spec.place("repeats"), what=what, got=str(spec.repeats), allowed=allowed)
    for key in ("sampling", "instruction"):
        if (key,) in spec.places:
            what = f"{key} is about a target that captions, and the captions are from a file"
            yield Problem(place=spec.place(key), what=what, allowed="remove this key, or captions: target")


def _gate_misfits(spec: Spec) -> Iterator[Problem]:
    """Gates on what the judge does not mark."""
    declared = declared_of(spec)
    low, high = declared.scale
    if not float("-inf") < low < high < float("inf"):
        what = f"judge {spec.judge.name if spec.judge else ''!r} has no scale with two ends"
        yield Problem(place=spec.place("judge"), what=what, allowed="such as expected_score or blend")
    has_all = set(DIMENSIONS) <= set(declared.marks)
    for gate in spec.gates:
        if gate.statistic in NOT_OF_CAPTIONS:
            what = f"gate {gate.name!r}: {gate.statistic} is about likeness"
            place = gate.place or spec.place("gates", gate.name)
            yield Problem(place=place, what=what, allowed="mean_score for the judge's own number")
            continue
        wanted = gate.statistic.removeprefix("mean_")
        is_marked = has_all if wanted == "average" else wanted in declared.marks
        if wanted in (*DIMENSIONS, "average") and not is_marked:
            name = spec.judge.name if spec.judge else ""
            what = f"gate {gate.name!r} is about {wanted}, which judge {name!r} does not rate here"
            place = gate.place or spec.place("gates", gate.name)
            yield Problem(place=place, what=what, allowed="scale: accr, or mean_score")


def _unknown_languages(spec: Spec, items: Sequence[Item]) -> Iterator[Problem]:
    languages = sorted({item.language for item in items})
    for gate in spec.gates:
        wanted = gate.options.get("language")
        if wanted is not None and wanted not in languages:
            what = f"gate {gate.name!r}: no item is in the language {wanted!r}"
            place = spec.place("gates", gate.name, "language")
            yield Problem(place=place, what=what, allowed=f"there are: {', '.join(languages)}")


def _unjudgeable(spec: Spec, setting: Setting, items: Sequence[Item]) -> Iterator[Problem]:
    """What no item has, and every one needs; where only some lack it, these are unscored."""
    place = spec.place("items", next(name for name in FORMS if name in spec.body["items"]))
    if setting.evidence != "visual" and not any(item.usable_references for item in items):
        what = f"evidence: {setting.evidence} needs references, and no item has one"
        yield Problem(place=place, what=what, allowed="references: [TEXT, …], or evidence: visual")
    if (setting.judges_images or setting.is_captioning) and not any(item.path for item in items):
        why = "captions: target" if setting.is_captioning else f"evidence: {setting.evidence}"
        what = f"{why} needs images or videos, and no item has one"
        yield Problem(place=place, what=what, allowed="image: PATH or video: PATH")
    if any(_UNNAMED in item.captions for item in items):
        what = "rows with a plain caption do not say which of several targets wrote it"
        yield Problem(
            place=spec.place("targets"), what=what, allowed="one target, or captions: {ALIAS: TEXT}"
        )


def _refuse_target(spec: Spec, setting: Setting, target: Model, items: Sequence[Item]) -> None:
    """Raises NotForTarget for a target that wrote none of the captions, or can see no image."""
    if not setting.is_captioning:
        if not any(target.alias in item.captions for item in items):
            what = f"the file has no caption of {target.alias!r}"
            known = sorted({alias for item in items for alias in item.captions})[:20]
            allowed = f"it has those of: {', '.join(known)}" if known else None
            raise NotForTarget([Problem(place=spec.place("targets"), what=what, allowed=allowed)])
        return
    refused = why_no_captioner(target)
    if refused is not None:
        allowed = "captions: file, or a target that is sent images"
        raise NotForTarget([Problem(place=spec.place("captions"), what=refused, allowed=allowed)])


def why_no_captioner(target: Model) -> str | None:
    """Why a model cannot be asked for captions: it would answer without having seen anything."""
    blind = _why_blind(target)
    if blind is not None:
        return f"{blind} and cannot caption"
    if hasattr(providers.get(target.provider).make, "holds"):
        return f"{target.alias!r} is a recording, in which every image would have the same question"
    return None


def _why_blind(model: Model) -> str | None:
    if model.provider in TEXT_ONLY or model.ask_as == "completion":
        how = f"provider {model.provider}" if model.provider in TEXT_ONLY else "ask_as: completion"
        return f"{model.alias!r} is asked in text only ({how})"
    if model.sees_images is False:
        return f"{model.alias!r} sees no images (sees_images: false)"
    return None


# --- what is asked --------------------------------------------------------------------------------


def _cases(spec: Spec, setting: Setting, items: Sequence[Item], *, size: int) -> Sequence[Case]:
    named = dict(zip(_names(items), items, strict=True))
    seed = int(spec.body.get("sample", {}).get("seed", 0))
    drawn = in_random_order(named, seed=seed)[:size]
    told: Json = {
        "captions": setting.captions,
        "instruction": instruction_version(setting) if setting.is_captioning else None,
    }
    is_shown = setting.judges_images or setting.is_captioning
    contents = {name: content_of(named[name], is_shown=is_shown) for name in drawn}
    digest = set_hash({**contents, " setting": told})  # no case's id starts with a blank
    cider = CiderOfSet([named[name] for name in drawn])
    return [_case(name, CaptionCase(item=named[name], cider=cider, set_hash=digest)) for name in drawn]


def _case(name: str, data: CaptionCase) -> Case:
    item = data.item
    return Case(
        id=name,
        data=data,
        place=item.place,
        tags=tuple(dict.fromkeys((*item.tags, item.language))),
        clusters={"clip": item.clip},
        groups={"language": item.language, **({"medium": item.medium} if item.medium else {})},
    )


def _names(items: Iterable[Item]) -> Iterator[str]:
    """What the items' tests are called; of two that would be called alike the later one has a hash."""
    taken: set[str] = set()
    for item in items:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", item.id).strip("-.")[:MOST_CHARACTERS]
        if not name or name in taken:
            digest = hashlib.sha256(item.id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            name = f"{name}-{digest}" if name else f"item-{digest}"
        taken.add(name)
        yield name
