"""Rated pairs and responses as they lie on disk: what the training reads."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError
from distill_tests.resemblance.model import HEADS, SCALES

OURS: Final = "resemblance_ratings.jsonl"


class Pair(NamedTuple):
    """Two responses to ``prompt``; ``marks`` by head, absent where there is none; ``weight`` in training."""

    prompt: str
    one: str
    other: str
    marks: Mapping[str, float]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Rated:
    pairs: Sequence[Pair]
    sha256: str


@dataclass(frozen=True, slots=True)
class Responses:
    """``by_model``: for each model its responses by the id of the prompt; ``prompts`` by id."""

    by_model: Mapping[str, Mapping[str, str]]
    prompts: Mapping[str, str]
    sha256: str


def rated_pairs(path: Path) -> Rated:
    """Pairs with the mean of their annotators' ratings; raises DataError with the line."""
    raw = _bytes(path)
    pairs = []
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        if line.strip():
            try:
                pairs.append(_pair(json.loads(line)))
            except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
                raise DataError(f"{path}:{number}: no rated pair ({error})") from error
    if not pairs:
        raise DataError(f"{path}: holds no pair")
    return Rated(pairs, hashlib.sha256(raw).hexdigest())


def _pair(row: Mapping[str, Any]) -> Pair:
    ratings = row["ratings"]
    marks = {head: sum(float(rating[head]) for rating in ratings) / len(ratings) for head in HEADS}
    for head, value in marks.items():
        low, high = SCALES[head]
        if not low <= value <= high:
            raise ValueError(f"{head} {value:g} is outside {low:g}..{high:g}")
    texts = [row[key] for key in ("prompt", "reference_response", "test_response")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("prompt and responses must be text")
    prompt, one, other = texts
    return Pair(prompt, one, other, marks)


def responses_of(folder: Path) -> Responses:
    """Every ``MODEL.jsonl.gz`` of ``folder``: rows ``id, prompt, response``; raises DataError."""
    by_model, prompts, digest = {}, {}, hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl.gz")):
        raw = _bytes(path)
        digest.update(raw)
        try:
            rows = [json.loads(line) for line in raw.decode("utf-8").splitlines() if line.strip()]
            by_model[path.name.removesuffix(".jsonl.gz")] = {row["id"]: row["response"] for row in rows}
            prompts.update({row["id"]: row["prompt"] for row in rows})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: a row is not id, prompt, response ({error})") from error
    if not by_model:
        raise DataError(f"{folder}: holds no MODEL.jsonl.gz")
    return Responses(by_model, prompts, digest.hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def our_pairs(responses: Responses, *, weight: float) -> Rated:
    """The pairs that an LLM annotator of ours rated, blind to any score of the judge."""
    raw = files("distill_tests").joinpath("data", OURS).read_bytes()
    pairs = []
    for row in map(json.loads, raw.decode().splitlines()):
        prompt, first, second = row["prompt"], row["first"], row["second"]
        pairs.append(
            Pair(
                responses.prompts[prompt],
                responses.by_model[first][prompt],
                responses.by_model[second][prompt],
                {head: row[head] for head in HEADS},
                weight,
            )
        )
    return Rated(pairs, hashlib.sha256(raw).hexdigest())
