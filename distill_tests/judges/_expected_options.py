"""The options of ``expected_score``: what a spec may say, and what they come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.judges._expected_prompt import (
    EVIDENCE,
    MEDIA,
    PROTOCOLS,
    SCALES,
    CaptionPrompt,
    output_text,
    prompt_in,
    shipped_prompt,
    system_text,
)
from distill_tests.judges._expected_reading import ACCR, OVERALL
from distill_tests.media.frames import MOST_SHOWN, PUBLISHED, FrameRule
from distill_tests.media.images import LONGEST_SIDE
from distill_tests.types import Sampling

CODE_VERSION: Final = 4
"""Raised when the same options and prompts come to another judging than before."""
MOST_SAMPLES: Final = 50
MOST_CONTINUED: Final = 4
"""Further calls for the digits of one number of one reply."""
MOST_REFUSED: Final = 2
"""Further calls for one reason, where an endpoint refuses logprobs."""
FALLBACK_TEMPERATURE: Final = 1.0

OPTIONS: Mapping[str, Any] = {
    "scale": {
        "enum": list(SCALES),
        "default": "overall",
        "description": "overall: one score from 0 to 100; accr: accuracy, completeness, conciseness and "
        "relevance, each from 0 to 100, and their mean.",
    },
    "evidence": {
        "enum": list(EVIDENCE),
        "default": "references",
        "description": "What the judge model is shown: references (no image is sent), visual, or both.",
    },
    "media": {
        "enum": ["auto", *MEDIA],
        "default": "auto",
        "description": "What is captioned; auto: what the item says, an image where it says nothing.",
    },
    "protocol": {
        "enum": list(PROTOCOLS),
        "default": "corrected",
        "description": "published: three frames, temperature 1, five alternatives, the published score rule.",
    },
    "samples": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_SAMPLES,
        "default": 1,
        "description": "How many reasons are drawn; the score is their mean, the spread is recorded.",
    },
    "fallback_samples": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_SAMPLES,
        "default": 5,
        "description": "Where logprobs do not carry the score: the mean of so many stated ones; 0 or 1: the "
        "stated number.",
    },
    "least_mass": {
        "type": "number",
        "minimum": 0.5,
        "maximum": 1,
        "default": 0.8,
        "description": "The probability that the values read off the logprobs must hold together.",
    },
    "alternatives": {
        "type": "integer",
        "minimum": 0,
        "maximum": 100,
        "default": 20,
        "description": "Alternatives for each token that the endpoint is asked for; 0: no logprobs.",
    },
    "continued": {
        "enum": ["never", "auto"],
        "default": "never",
        "description": "auto: where a tokenizer splits digits, those that were not generated are asked for, "
        "up to 4 calls a number, if the model goes on with a begun reply (local, or ask_as: completion).",
    },
    "final": {
        "enum": ["written", "prompted", "alone"],
        "default": "written",
        "description": "For small models that go on with a begun reply. prompted: the words FINAL SCORE: are "
        "put after the reasons, and only the number is left to the model; alone: without any reasons.",
    },
    "prompt": {
        "type": "string",
        "minLength": 1,
        "x-path": True,
        "description": "A text file with a prompt of your own, relative to the spec (docs/judges.md).",
        "examples": ["prompts/alt_texts.txt"],
    },
    "frames": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_SHOWN,
        "default": 3,
        "description": "Frames shown of a video that the judge reads itself (rows of a file).",
    },
    "placement": {
        "enum": ["centres", "ends"],
        "default": "centres",
        "description": "Which frames those are.",
    },
    "layout": {
        "enum": ["mosaic", "separate"],
        "default": "mosaic",
        "description": "In one picture or several.",
    },
    "longest_side": {
        "type": "integer",
        "minimum": 32,
        "maximum": 8192,
        "default": LONGEST_SIDE,
        "description": "Pixels to which a larger image that the judge reads itself is scaled down.",
    },
    "max_characters": {
        "type": "integer",
        "minimum": 200,
        "maximum": 1_000_000,
        "default": 40_000,
        "description": "Of a longer caption, and of longer references together, the middle is not shown.",
    },
    "temperature": {
        "type": "number",
        "minimum": 0,
        "maximum": 5,
        "description": "0 for one reason, 1 for several, 1 as published.",
    },
    "seed": {"type": "integer", "minimum": 0, "maximum": 9223372036854775807},
    "max_tokens": {"type": "integer", "minimum": 16, "maximum": 100_000, "default": 1024},
}
_FIXED_AS_PUBLISHED: Final = (
    "temperature", "alternatives", "frames", "placement", "layout", "final", "continued", "fallback_samples",
    "least_mass",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options with their defaults in place, and the prompts read, by what is captioned."""

    prompts: Mapping[str, CaptionPrompt]
    sampling: Sampling
    scale: str = "overall"
    evidence: str = "references"
    media: str = "auto"
    protocol: str = "corrected"
    samples: int = 1
    fallback_samples: int = 5
    least_mass: float = 0.8
    alternatives: int = 20
    continued: str = "never"
    final: str = "written"
    longest_side: int = LONGEST_SIDE
    max_characters: int = 40_000
    frame_rule: FrameRule = field(default_factory=FrameRule)

    @property
    def names(self) -> tuple[str, ...]:
        return ACCR if self.scale == "accr" else OVERALL

    @property
    def is_published(self) -> bool:
        return self.protocol == "published"

    @property
    def shows_images(self) -> bool:
        return self.evidence != "references"

    @property
    def asks_for_digits(self) -> bool:
        return self.continued == "auto" or self.final != "written"

    @property
    def output(self) -> str:
        return output_text("alone" if self.final == "alone" else self.protocol, self.scale)

    @property
    def calls_most(self) -> int:
        """The reasons, each with its digits or asked for thrice until logprobs are given up, the fallback."""
        if self.is_published:
            return self.samples
        digits = (self.final != "written") + MOST_CONTINUED if self.asks_for_digits else 0
        refused = MOST_REFUSED if self.alternatives else 0
        return self.samples * (1 + max(refused, digits * len(self.names))) + self.fallback_samples

    def version(self) -> str:
        """64 hexadecimal digits that stand for all that shapes a score but the judge model itself."""
        shapes = asdict(self) | {
            "code": CODE_VERSION,
            "system": hashlib.sha256(system_text().encode()).hexdigest(),
            "output": self.output,
        }
        return hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()


def settings_of(options: Mapping[str, Any]) -> Settings:
    """What the options come to; raises DataError in words for those that cannot be used."""
    for name in options:
        if name not in OPTIONS:
            near = get_close_matches(name, OPTIONS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(OPTIONS)}"
            raise DataError(f"unknown option {name!r}; {hint}")
    for name, value in options.items():
        _check(name, value, OPTIONS[name])
    is_published = options.get("protocol") == "published"
    if is_published and (fixed := [name for name in _FIXED_AS_PUBLISHED if name in options]):
        raise DataError(f"{fixed[0]} is what it was under protocol: published; leave it out")
    evidence, media = options.get("evidence", "references"), options.get("media", "auto")
    plain: dict[str, Any] = {name: options[name] for name in _PLAIN if name in options}
    final = options.get("final", "written")
    if final != "written" and options.get("alternatives") == 0:
        raise DataError(f"final: {final} reads the number off the alternatives; alternatives must be above 0")
    if final == "alone" and options.get("samples", 1) > 1:
        raise DataError("final: alone has no reasons to draw several of; leave samples out")
    return Settings(
        prompts=_prompts(options, media=media, evidence=evidence, scale=options.get("scale", "overall")),
        sampling=_sampling(options, is_published=is_published),
        frame_rule=PUBLISHED if is_published else _frame_rule(options),
        **(plain | _AS_PUBLISHED if is_published else plain),
    )


_AS_PUBLISHED: Final[dict[str, Any]] = {"alternatives": 5, "fallback_samples": 0}
_PLAIN: Final = (
    "scale", "evidence", "media", "protocol", "samples", "fallback_samples", "least_mass", "alternatives",
    "continued", "final", "longest_side", "max_characters",
)  # fmt: skip


def _prompts(
    options: Mapping[str, Any], *, media: str, evidence: str, scale: str
) -> dict[str, CaptionPrompt]:
    wanted = MEDIA if media == "auto" else (media,)
    if "prompt" in options:
        own = prompt_in(Path(options["prompt"]), evidence=evidence)
        return dict.fromkeys(wanted, own)
    return {one: shipped_prompt(one, evidence, scale) for one in wanted}


def _sampling(options: Mapping[str, Any], *, is_published: bool) -> Sampling:
    """As published, no max_tokens was sent; a request of ours always has one, there a large one."""
    if is_published:
        return Sampling(
            max_tokens=options.get("max_tokens", 4096), temperature=1.0, top_p=1.0, seed=options.get("seed")
        )
    drawn = 1.0 if options.get("samples", 1) > 1 else 0.0
    return Sampling(
        max_tokens=options.get("max_tokens", 1024),
        temperature=float(options.get("temperature", drawn)),
        seed=options.get("seed"),
    )


def _frame_rule(options: Mapping[str, Any]) -> FrameRule:
    return FrameRule(
        count=options.get("frames", 3),
        placement=options.get("placement", "centres"),
        layout=options.get("layout", "mosaic"),
    )


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    """What the schema says too, for options that did not come through a spec."""
    if "enum" in schema:
        if value not in schema["enum"]:
            raise DataError(f"{name} must be one of {', '.join(map(str, schema['enum']))} (got {value!r})")
        return
    types: Mapping[str, Any] = {"integer": int, "number": int | float, "string": str}
    if isinstance(value, bool) or not isinstance(value, types[schema["type"]]):
        raise DataError(f"{name} must be a {schema['type']} (got {value!r})")
    low, high = schema.get("minimum"), schema.get("maximum")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise DataError(f"{name} must be from {low} to {high} (got {value!r})")
    if schema["type"] == "string" and not value:
        raise DataError(f"{name} must not be empty")
