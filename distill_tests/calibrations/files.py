"""Calibrations as JSON files (``schema/calibration-record.json``): written, found, read with clear errors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from distill_tests.calibrations.made import Calibration, OfLabel, Rates
from distill_tests.errors import DataError
from distill_tests.record import plain
from distill_tests.rundir import write_atomically
from distill_tests.types import Estimate, Json

SCHEMA: Final = 1
TYPE: Final = "calibration"
LARGEST_BYTES: Final = 8 * 2**20
_ESTIMATE: Final = ("value", "low", "high", "n", "missing", "level", "method")


def file_name(calibration: Calibration) -> str:
    """Such as ``0123456789abcdef-89abcdef.json``: of the judge's version, and of the gold file."""
    return f"{calibration.version[:16]}-{calibration.gold['sha256'][:8]}.json"


def write(calibration: Calibration, directory: Path) -> Path:
    """The file as which the calibration now lies in ``directory``.

    One of the same judge and gold file is replaced.  Raises OSError where it cannot be written.
    """
    path = directory / file_name(calibration)
    write_atomically(path, json.dumps(as_json(calibration), indent=1, ensure_ascii=False) + "\n")
    return path


def stored(directory: Path, version: str) -> list[Path]:
    """The calibrations in ``directory`` of a judge of that version, the newest first."""
    found = directory.glob(f"{version[:16]}-*.json")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def is_stale(calibration: Calibration, version: str) -> bool:
    """Whether the calibration is of another version of the judge (see :func:`judge_version`)."""
    return calibration.version != version


# --- as JSON ------------------------------------------------------------------------------------


def as_json(calibration: Calibration) -> dict[str, Json]:
    """The calibration as plain data."""
    one = calibration
    told: dict[str, Json] = {"schema": SCHEMA, "type": TYPE}
    for item in fields(Calibration):
        value = getattr(one, item.name)
        told[item.name] = (
            {name: _label(label) for name, label in value.items()} if item.name == "labels" else plain(value)
        )
    return told


def _label(label: OfLabel) -> dict[str, Json]:
    return {
        "whole": _rates(label.whole),
        "by": {
            group: {name: _rates(rates) for name, rates in members.items()}
            for group, members in label.by.items()
        },
        "clusters": {
            factor: [[*counts, times] for counts, times in members.items()]
            for factor, members in label.clusters.items()
        },
        "left_out": plain(label.left_out),
        "disagreements": plain(label.disagreements),
    }


def _rates(rates: Rates) -> dict[str, Json]:
    return {
        "n": rates.n,
        "missing": rates.missing,
        "confusion": [
            {"reference": reference, "judge": judge, "n": count}
            for (reference, judge), count in sorted(rates.confusion.items(), key=str)
        ],
        "counts": plain(rates.counts),
        "rates": {
            name: {key: plain(getattr(estimate, key)) for key in _ESTIMATE}
            | {"clusters": plain(estimate.clusters)}
            for name, estimate in rates.rates.items()
        },
    }


# --- reading ------------------------------------------------------------------------------------


def read(path: Path) -> Calibration:
    """The calibration in a file; raises DataError, in words, for anything that is none."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path}:1: larger than {LARGEST_BYTES >> 20} MB: no calibration")
        told: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}:1: there is no such file; a run of a calibration spec writes it") from None
    except OSError as error:
        raise DataError(f"{path}:1: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:1: not a calibration, not even JSON ({error})") from error
    if not isinstance(told, dict) or told.get("type") != TYPE:
        raise DataError(f'{path}:1: not a calibration; one has "type": "{TYPE}"')
    if told.get("schema") != SCHEMA:
        got = told.get("schema")
        raise DataError(f"{path}:1: a calibration of schema {got!r}; this program reads {SCHEMA}")
    try:
        return from_json(told)
    except KeyError as error:
        raise DataError(f"{path}:1: not a whole calibration: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(f"{path}:1: not a calibration as this program writes it: {error}") from None


def from_json(told: Mapping[str, Any]) -> Calibration:
    """The inverse of :func:`as_json`; raises KeyError, TypeError or ValueError for something else."""
    texts = ("judge", "version", "spec", "title", "target", "date", "run")
    for name in texts:
        if not isinstance(told[name], str):
            raise ValueError(f"{name!r} is no text")
    if not isinstance(told["complete"], bool):
        raise ValueError("'complete' is neither true nor false")
    for name in ("sha256", "annotators", "rows", "bad_rows"):
        if name not in told["gold"]:
            raise KeyError(name)
    return Calibration(
        **{name: told[name] for name in texts},
        options=told["options"],
        models=tuple(told["models"]),
        gold=told["gold"],
        complete=told["complete"],
        labels={name: _read_label(label) for name, label in told["labels"].items()},
        gates=told["gates"],
        laws=told["laws"],
    )


def _read_label(told: Mapping[str, Any]) -> OfLabel:
    return OfLabel(
        whole=_read_rates(told["whole"]),
        by={
            group: {name: _read_rates(rates) for name, rates in members.items()}
            for group, members in told["by"].items()
        },
        clusters={
            factor: {_four(counts[:4]): _count(counts[4]) for counts in members}
            for factor, members in told["clusters"].items()
        },
        left_out=told["left_out"],
        disagreements=tuple(told["disagreements"]),
    )


def _read_rates(told: Mapping[str, Any]) -> Rates:
    return Rates(
        n=_count(told["n"]),
        missing=_count(told["missing"]),
        confusion={(one["reference"], one["judge"]): _count(one["n"]) for one in told["confusion"]},
        counts=None if told["counts"] is None else _four(told["counts"]),
        rates={name: _estimate(estimate) for name, estimate in told["rates"].items()},
    )


def _four(counts: Sequence[Any]) -> tuple[int, int, int, int]:
    a, b, c, d = map(_count, counts)
    return a, b, c, d


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _estimate(told: Mapping[str, Any]) -> Estimate:
    for key in ("value", "low", "high"):
        number = told[key]
        if number is not None and (isinstance(number, bool) or not math.isfinite(number)):
            raise ValueError(f"{key} {number!r} is no number")
    return Estimate(**{key: told[key] for key in _ESTIMATE}, clusters=told["clusters"])
