"""What a caption spec sets beside its items (what is shown, which frames), and what its judge is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.media.frames import PUBLISHED, FrameRule
from distill_tests.media.images import LONGEST_SIDE
from distill_tests.registry import Declared, Judge, judges
from distill_tests.types import Pointer, Spec

DIMENSIONS: Final = ("accuracy", "completeness", "conciseness", "relevance")
SCALE: Final = (0.0, 100.0)
_SAID: Final[Mapping[Pointer, str]] = {
    ("evidence",): "evidence",
    ("scale",): "scale",
    ("protocol",): "protocol",
    ("frames", "count"): "frames",
    ("frames", "placement"): "placement",
    ("frames", "layout"): "layout",
}
"""Keys of the spec, and the option of a judge that each of them is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """``instruction``: what the spec has the target told in place of ours."""

    captions: str = "file"
    evidence: str = "references"
    protocol: str = "corrected"
    rule: FrameRule = field(default_factory=FrameRule)
    longest_side: int = LONGEST_SIDE
    instruction: str | None = None

    @property
    def is_captioning(self) -> bool:
        """Whether the target writes the captions."""
        return self.captions == "target"

    @property
    def judges_images(self) -> bool:
        return self.evidence != "references"


def setting_of(spec: Spec) -> Setting:
    """What a completed spec sets, by its own keys or by its judge's options."""
    said = {**(spec.judge.options if spec.judge else {}), **_as_options(spec.body)}
    rule = FrameRule(
        count=int(said.get("frames", 3)),
        placement=said.get("placement", "centres"),
        layout=said.get("layout", "mosaic"),
    )
    return Setting(
        captions=spec.body.get("captions", "file"),
        evidence=said.get("evidence", "references"),
        protocol=said.get("protocol", "corrected"),
        rule=PUBLISHED if said.get("protocol") == "published" else rule,
        longest_side=int(said.get("longest_side", LONGEST_SIDE)),
        instruction=spec.body.get("instruction"),
    )


def declared_of(spec: Spec) -> Declared:
    """What the spec's judge is under its options."""
    assert spec.judge is not None, "the schema asks for a judge"
    return judges.get(spec.judge.name).declared(spec.judge.options)


def with_judge(spec: Spec) -> Spec:
    """The spec with its own evidence, scale, protocol and frames among its judge's options.

    Raises SpecError where the judge says otherwise, or cannot be told.
    """
    use = spec.judge
    if use is None:
        return spec
    judge, said = judges.get(use.name), _as_options(spec.body)
    problems = [*_contradictions(spec, said), *_untold(spec, judge, said)]
    if said.get("protocol") == "published" and "frames" in spec.body:
        what = "protocol: published shows three frames in one mosaic"
        problems.append(Problem(place=spec.place("frames"), what=what, allowed="leave frames out"))
    options = {**use.options, **{name: value for name, value in said.items() if name in judge.options}}
    if not problems and "${" not in str(options):  # a variable without which the spec is skipped
        problems += _refused(spec, judge, options)
    if problems:
        raise SpecError(problems)
    return replace(spec, judge=replace(use, options=options))


def _as_options(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the spec's own keys say, as options of a judge."""
    found: dict[str, Any] = {}
    for at, name in _SAID.items():
        value: Any = body
        for key in at:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            found[name] = int(value) if name == "frames" else value
    return found


def _contradictions(spec: Spec, said: Mapping[str, Any]) -> Iterator[Problem]:
    options = spec.judge.options if spec.judge else {}
    for at, name in _SAID.items():
        if name in said and name in options and options[name] != said[name]:
            key = ".".join(map(str, at))
            what = f"the judge's {name} is {options[name]!r}, and the spec's {key} is {said[name]!r}"
            allowed = f"say it once: {key} at {spec.place(*at)}"
            yield Problem(place=spec.place("judge", name), what=what, allowed=allowed)


def _untold(spec: Spec, judge: Judge, said: Mapping[str, Any]) -> Iterator[Problem]:
    """What the judge would have to know and has no option for."""
    evidence = said.get("evidence", "references")
    if evidence != "references" and "evidence" not in judge.options:
        what = f"judge {judge.name!r} is shown no images: it has no option evidence"
        allowed = "evidence: references, or a judge such as {name: expected_score, model: ALIAS}"
        yield Problem(place=spec.place("evidence"), what=what, got=repr(evidence), allowed=allowed)
    if said.get("protocol") == "published" and "protocol" not in judge.options:
        what = f"protocol: published is about expected_score, and the judge is {judge.name!r}"
        yield Problem(place=spec.place("protocol"), what=what, allowed="leave protocol out")
    if "scale" in said and "scale" not in judge.options and said["scale"] != _scale_of(spec):
        what = f"judge {judge.name!r} has the scale {_scale_of(spec)} only"
        allowed = f"scale: {_scale_of(spec)}, or expected_score"
        yield Problem(place=spec.place("scale"), what=what, got=repr(said["scale"]), allowed=allowed)


def _refused(spec: Spec, judge: Judge, options: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        judge.declared(options)
    except DataError as error:
        yield Problem(place=spec.place("judge"), what=f"judge {judge.name!r}: {error}")


def _scale_of(spec: Spec) -> str:
    """``accr`` where the judge marks all four dimensions."""
    return "accr" if set(DIMENSIONS) <= set(declared_of(spec).marks) else "overall"
