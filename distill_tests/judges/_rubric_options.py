"""The options of ``rubric``: what a spec may say, and what they come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.judges._rubric_text import SHIPPED, Rubric, rubric_in, shipped_rubric, system_text
from distill_tests.types import Sampling

MOST_VOTES: Final = 9
LEAST_CHARACTERS: Final = 200
CODE_VERSION: Final = 1
"""Raised when the same options and prompts come to another judging than before."""

_PROMPT: Mapping[str, Any] = {
    "type": "string",
    "minLength": 1,
    "x-path": True,
    "description": "A text file with a rubric of your own, relative to the spec (docs/judges.md).",
    "examples": ["rubrics/politeness.txt"],
}
_SCORES: Mapping[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "description": "Fields and scales that a prompt without a header asks for; whole bounds ask for whole "
    "numbers.",
    "propertyNames": {
        "pattern": "^[a-z][a-z0-9_]*$",
        "patternErrorMessage": "small letters, digits and '_', a letter first",
    },
    "additionalProperties": {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
        "examples": [[1, 5]],
    },
}
_VALUE: Mapping[str, Any] = {
    "type": "string",
    "minLength": 1,
    "description": "The field that is the score; by default the only one, or overall.",
}
OPTIONS: Mapping[str, Any] = {
    "rubric": {
        "description": "What is judged: identity (the default), similarity, or a rubric of your own.",
        "anyOf": [
            {"type": "string", "enum": list(SHIPPED)},
            {
                "type": "object",
                "properties": {"prompt": _PROMPT, "scores": _SCORES, "value": _VALUE},
                "required": ["prompt"],
                "additionalProperties": False,
            },
        ],
    },
    "prompt": _PROMPT,
    "scores": _SCORES,
    "value": _VALUE,
    "votes": {
        "enum": [1, 3, 5, 7, 9],
        "default": 1,
        "description": "How often the judge model is asked: the majority decides, numbers are averaged.",
    },
    "both_orders": {
        "type": "boolean",
        "default": False,
        "description": "Where two texts are compared: ask for both orders, and report where they differ.",
    },
    "retries": {
        "enum": [0, 1],
        "default": 0,
        "description": "Whether to ask once more, as another sample, where a reply is no verdict.",
    },
    "structured": {
        "type": "boolean",
        "default": True,
        "description": "Ask the endpoint for JSON of the rubric's schema; the reply is read strictly in any "
        "case.",
    },
    "max_characters": {
        "type": "integer",
        "minimum": LEAST_CHARACTERS,
        "maximum": 1_000_000,
        "default": 40_000,
        "description": "Of a longer text the middle is not shown to the judge model, and it is told so.",
    },
    "sampling": {
        "type": "object",
        "description": "How the judge model's replies are drawn; temperature 0, or 0.7 with several votes.",
        "additionalProperties": False,
        "properties": {
            "max_tokens": {"type": "integer", "minimum": 16, "maximum": 100_000, "default": 1024},
            "temperature": {"type": "number", "minimum": 0, "maximum": 5},
            "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "seed": {"type": "integer", "minimum": 0, "maximum": 9223372036854775807},
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options with their defaults in place, and the rubric read."""

    rubric: Rubric
    sampling: Sampling
    votes: int = 1
    both_orders: bool = False
    retries: int = 0
    structured: bool = True
    max_characters: int = 40_000

    @property
    def calls_most(self) -> int:
        return self.votes * (1 + self.both_orders) * (1 + self.retries)

    def version(self) -> str:
        """64 hexadecimal digits that stand for all that shapes a verdict but the judge model itself."""
        shapes = {
            "code": CODE_VERSION,
            "system": hashlib.sha256(system_text().encode()).hexdigest(),
            "rubric": asdict(self.rubric),
            "sampling": asdict(self.sampling),
            "votes": self.votes,
            "both_orders": self.both_orders,
            "retries": self.retries,
            "structured": self.structured,
            "max_characters": self.max_characters,
        }
        return hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()


def settings_of(options: Mapping[str, Any]) -> Settings:
    """What the options come to; raises DataError in words for those that cannot be used."""
    unknown = sorted(options.keys() - OPTIONS.keys())
    if unknown:
        raise DataError(f"unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}")
    rubric, votes = _rubric(options), options.get("votes", 1)
    settings = Settings(
        rubric=rubric,
        sampling=_sampling(options.get("sampling", {}), votes),
        **{key: options[key] for key in _PLAIN if key in options},
    )
    _check(settings)
    return settings


_PLAIN = ("votes", "both_orders", "retries", "structured", "max_characters")


def _rubric(options: Mapping[str, Any]) -> Rubric:
    own = options.get("rubric")
    told = {key: options[key] for key in ("prompt", "scores", "value") if key in options}
    if isinstance(own, Mapping):
        if told:
            raise DataError(f"{next(iter(told))} stands beside rubric; write it inside of it")
        told = dict(own)
    elif own is not None and "prompt" in told:
        raise DataError("rubric and prompt cannot stand together: a prompt file is a rubric")
    if "prompt" not in told:
        if told:
            raise DataError(f"{next(iter(told))} belongs to a prompt of your own: prompt: FILE")
        if own is not None and own not in SHIPPED:
            raise DataError(f"rubric must be one of {', '.join(SHIPPED)}, or {{prompt: FILE}} (got {own!r})")
        return shipped_rubric(own or "identity")
    return rubric_in(Path(told["prompt"]), scores=told.get("scores", {}), value=told.get("value"))


def _sampling(written: Mapping[str, Any], votes: int) -> Sampling:
    """A temperature of 0 would draw every vote alike."""
    try:
        return Sampling(**{"max_tokens": 1024, "temperature": 0.7 if votes > 1 else 0.0, **written})
    except TypeError as error:
        raise DataError(f"sampling cannot be used: {error}") from None


def _check(settings: Settings) -> None:
    """What the schema says too, for options that did not come through a spec; and what it cannot say."""
    if settings.votes not in range(1, MOST_VOTES + 1, 2):
        raise DataError(f"votes must be 1, 3, 5, 7 or 9 (got {settings.votes!r})")
    if settings.retries not in (0, 1):
        raise DataError(f"retries must be 0 or 1 (got {settings.retries!r})")
    if settings.max_characters < LEAST_CHARACTERS:
        raise DataError(
            f"max_characters must be at least {LEAST_CHARACTERS} (got {settings.max_characters!r})"
        )
    if settings.both_orders and not settings.rubric.compares:
        raise DataError(
            f"both_orders is for a rubric that compares {{first}} with {{second}}, "
            f"which {settings.rubric.name!r} does not"
        )
