"""A calibration in words: for the terminal, ``summary.md`` and other reports."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from distill_tests.calibrations.files import file_name, from_json
from distill_tests.display import visible

MOST_LISTED = 12
FEW = 5
SHOWN = ("kappa", "precision", "recall", "specificity", "false_positive_rate", "agreement")
FOLDER = ".distill-tests/calibrations"
"""Where complete calibrations are kept, below the root."""
BRIEF = ("kappa", "recall", "false_positive_rate")
_WORDS = {"false_positive_rate": "false positives"}


class Line(NamedTuple):
    """What is told of ``name``; texts are visible."""

    name: str
    text: str


def lines(told: Mapping[str, Any], *, brief: bool = False) -> Iterator[Line]:
    """The calibration as ``summary.json`` has it: who labelled, what was left out, every rate, what differs.

    ``brief``: a line for each label, and where the rest stands.
    """
    gold = told["gold"]
    yield Line("gold rows", visible(f"{gold['rows']:,} of {gold['path']}; labels: {gold['annotators']}"))
    yield from _left_out(told)
    for place in gold["bad_rows"]:
        yield Line("bad row", visible(place))
    if not told["complete"]:
        yield Line(
            "incomplete", "not every row was put to the judge: this is no calibration, and is not kept"
        )
    for name, label in told["labels"].items():
        if brief:
            yield Line(visible(name), f"{of_rates(label['whole'], shown=BRIEF)}; {_differing(label)}")
            continue
        yield Line(visible(name), of_rates(label["whole"]))
        for group, members in label["by"].items():
            for member, rates in members.items() if len(members) > 1 else ():
                yield Line(
                    visible(f"{name}, {group} {member}"),
                    of_rates(rates, shown=BRIEF),
                )
        yield from _disagreements(name, label)
    methods = list(dict.fromkeys(_methods(told)))
    if brief:
        yield Line("more", "by language and target, and each row that differs: summary.md")
    elif methods:
        yield Line("intervals", visible(f"{'; '.join(methods)}; by template, groups with fewer resamples"))
    version = f"{told['judge']} {told['version'][:16]}"
    yield Line("judge", visible(f"{version}; another version makes this calibration stale"))
    if told["complete"] and any(label["whole"]["n"] for label in told["labels"].values()):
        path = f"{FOLDER}/{file_name(from_json(told))}"
        cited = posixpath.relpath(path, posixpath.dirname(told["spec"]) or ".")
        yield Line("stored", visible(path))
        yield Line("cite it", visible(f"calibration: {cited}"))


def of_rates(rates: Mapping[str, Any], *, shown: tuple[str, ...] = SHOWN) -> str:
    """Such as ``kappa 0.977 [0.921, 1.000] of 203, recall 0.970 [0.894, 0.996] of 66``."""
    parts = [
        f"{_WORDS.get(name, name)} {_number(rates['rates'][name])}"
        for name in shown
        if name in rates["rates"]
    ]
    missing = f", {rates['missing']:,} without a verdict" if rates["missing"] else ""
    return ", ".join(parts) + missing


def _number(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return "unknown"
    if estimate["low"] is None or estimate["high"] is None:
        return f"{estimate['value']:.3f} [no interval] of {estimate['n']:,}"
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}] of {estimate['n']:,}"


def _differing(label: Mapping[str, Any]) -> str:
    """A count, which needs no interval, and the first ids."""
    ids = label["disagreements"]
    listed = visible(f": {', '.join(ids[:FEW])}{', …' if len(ids) > FEW else ''}") if ids else ""
    return f"differs in {len(ids):,} {'row' if len(ids) == 1 else 'rows'}{listed}"


def _left_out(told: Mapping[str, Any]) -> Iterator[Line]:
    parts = [
        f"{name} of {count:,} {'row' if count == 1 else 'rows'} ({reason})"
        for name, reasons in told["gold"]["left_out"].items()
        for reason, count in reasons.items()
    ]
    if parts:
        yield Line("left out", visible("; ".join(parts)))


def _disagreements(name: str, label: Mapping[str, Any]) -> Iterator[Line]:
    ids = label["disagreements"]
    if ids:
        more = f", … {len(ids) - MOST_LISTED} more" if len(ids) > MOST_LISTED else ""
        yield Line("differs", visible(f"on {name} in {len(ids):,}: {', '.join(ids[:MOST_LISTED])}{more}"))


def _methods(told: Mapping[str, Any]) -> Iterator[str]:
    """The methods of the whole set's intervals, without what they count."""
    for label in told["labels"].values():
        for name, estimate in label["whole"]["rates"].items():
            if estimate["low"] is not None:
                method = str(estimate["method"]).partition(";")[0]
                yield f"{'kappa' if name == 'kappa' else 'rates'} {method}"
