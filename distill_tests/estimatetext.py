"""An estimate of a record in words: its number, its interval, and what both rest on; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distill_tests.display import plural, visible
from distill_tests.record import Record

USUAL_LEVEL = 0.95
_USUAL = re.compile(r",? 95 % two-sided")


def number(value: float | None) -> str:
    """A number as reports show it: three decimals below 10, fewer above."""
    if value is None:
        return "unknown"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def estimate_text(estimate: Record) -> str:
    """Such as ``0.192 [0.132, 0.265]``."""
    if estimate["value"] is None:
        return "no estimate"
    if estimate["low"] is None and estimate["high"] is None:
        return f"{number(estimate['value'])} [no interval]"
    return f"{number(estimate['value'])} [{number(estimate['low'])}, {number(estimate['high'])}]"


def basis_text(estimate: Record) -> str:
    """What an estimate rests on: n, what is missing or was not asked, clusters, level and method."""
    parts = [f"n = {estimate['n']:,}"]
    if estimate["missing"]:
        parts.append(f"{estimate['missing']:,} missing")
    if estimate["undrawn"]:
        parts.append(f"{estimate['undrawn']:,} not asked")
    # A method may name its clusters and its level itself; neither is said twice.
    method = visible(estimate["method"]) or "method not stated"
    clusters = estimate["clusters"].items()
    icc = estimate.get("icc", {})  # a run of before has none
    parts += [
        plural(count, visible(name)) for name, count in clusters if name not in icc and name not in method
    ]
    if estimate.get("about") == "population" and not estimate["missing"] and not estimate["undrawn"]:
        parts.append("exact for the declared set")
    if estimate["low"] is not None or estimate["high"] is not None:
        level = "" if "%" in method else f"{100 * estimate['level']:g} % "
        parts.append(f"{level}interval: {method}")
    elif estimate["n"] and method.startswith("no interval"):
        parts.append(method)
    if icc and "design effect" not in method:
        parts.append(design_text(estimate))
    return ", ".join(parts)


def design_text(estimate: Record) -> str:
    """Such as ``20 framings, 50 questions, intra-class correlation 0.17 and 0.05, design effect 11, …``."""
    told = [plural(estimate["clusters"].get(name, 0), visible(name)) for name in estimate["icc"]]
    told.append(f"intra-class correlation {_alike(estimate, ' and ')}")
    if estimate["design_effect"] is not None:
        effect, n = estimate["design_effect"], estimate["effective_n"]
        told.append(f"design effect {effect:.3g}, effective n {_size(n)}")
    return ", ".join(told)


def _size(n: float) -> str:
    return f"{n:,.0f}" if n >= 1000 else f"{n:.3g}"


def _alike(estimate: Record, between: str) -> str:
    """The intra-class correlations; below -1, which comes of clusters of hardly more than one, is none."""
    alike = ["unknown" if one is None or one < -1 else f"{one:.2f}" for one in estimate["icc"].values()]
    return "unknown" if set(alike) == {"unknown"} else between.join(alike)


def brief_basis(estimate: Record, *, beyond: int = 0) -> str:
    """The same as :func:`basis_text` for one line: ``n = 84 of 120 in 49 framings; icc 0.59; …``.

    ``beyond`` of what the estimate does not count was answered all the same, after its gate had decided.
    """
    return "; ".join(_brief(estimate, beyond))


def _brief(estimate: Record, beyond: int) -> Iterator[str]:
    method, *design = (visible(estimate["method"]) or "method not stated").split("; ")
    icc = estimate.get("icc", {})  # a run of before has none
    told = [] if icc and any("design effect" in part for part in design) else design
    said = "; ".join((method, *told))
    undrawn = estimate["undrawn"]
    declared = f" of {estimate['n'] + estimate['missing'] + undrawn:,}" if undrawn else ""
    groups = [
        plural(count, visible(name))
        for name, count in estimate["clusters"].items()
        if plural(count, name) not in said and f"{name}: {count} " not in said
    ]
    yield f"n = {estimate['n']:,}{declared}" + (f" in {', '.join(groups)}" if groups else "")
    if estimate["missing"]:
        yield f"{estimate['missing']:,} missing"
    if undrawn:
        later, never = min(beyond, undrawn), max(0, undrawn - beyond)
        parts = [f"{later:,} answered beyond this gate's stop and not counted"] if later else []
        yield ", ".join([*parts, f"{never:,} not asked"] if never else parts)
    if icc:
        yield f"icc {_alike(estimate, ', ')}"
        if estimate["design_effect"] is not None:
            yield f"design effect {estimate['design_effect']:.3g}"
            yield f"effective n {_size(estimate['effective_n'])}"
    if estimate["low"] is not None or estimate["high"] is not None:
        unusual = "" if "%" in said or estimate["level"] == USUAL_LEVEL else f"{100 * estimate['level']:g} % "
        yield unusual + _USUAL.sub("", said).replace("intra-class correlation", "icc")
    elif estimate["n"] and method.startswith("no interval"):
        yield said
