"""The gates of a spec, held against their statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from distill_tests.errors import UnknownName
from distill_tests.registry import Statistic, statistics
from distill_tests.specfile.compared import (
    THRESHOLDS,
    Comparing,
    check_across,
    check_comparison,
    distance_of,
    relative_threshold,
    threshold_of,
)
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.schemas import closed, inlined, whole
from distill_tests.specfile.validate import check
from distill_tests.specfile.wording import near, shown
from distill_tests.specfile.yamltext import UNREAD
from distill_tests.types import Claim, Gate, Pointer

OWN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "confidence": float, "min_n": int, "max_missing": float, "stop_early": bool,
}  # fmt: skip
DECLARED_SET: Final = "declared-set"
RESAMPLED: Final = "declared-set-resampled"


def read_gates(data: Mapping[str, Any], sheet: Sheet, comparing: Comparing) -> tuple[Gate, ...]:
    """The gates of a spec's data, in file order; what is wrong goes onto ``sheet``."""
    if "gates" not in data:
        if data.get("on_miss") == "gate":
            what = "'on_miss' is 'gate', but there are no gates"
            sheet.note(("on_miss",), what, allowed="nothing would punish a wrong answer")
        return ()
    written = data["gates"]
    own = {"propertyNames": whole("spec.json#/$defs/slug"), "additionalProperties": {"type": "object"}}
    sheet.take(check(written, {**whole("spec.json#/$defs/gates"), **own}, ("gates",)))
    if not isinstance(written, dict):
        return ()
    sampled = isinstance(data.get("sample"), dict) and "size" in data["sample"]
    gates = [
        _gate(name, one, sheet, comparing, sampled=sampled, controls=data.get("controls"))
        for name, one in written.items()
        if isinstance(one, dict)
    ]
    read = tuple(gate for gate in gates if gate is not None)
    for gate in read:
        _check_answers_vary(gate, data, sheet)
    return read


def _gate(
    name: str,
    written: Mapping[str, Any],
    sheet: Sheet,
    comparing: Comparing,
    *,
    sampled: bool,
    controls: Any,
) -> Gate | None:
    """``sampled``: the set is a drawn part, so that a mean of cells may be decided before its end."""
    if sheet.is_full:
        return None
    at: Pointer = ("gates", name)
    before = len(sheet.problems)
    statistic = _statistic(name, written, sheet)
    common = whole("spec.json#/$defs/gate")
    options = {key: value for key, value in written.items() if key not in common["properties"]}
    if statistic is None:  # its options are not known
        schema = closed(common, {}, unless_like=list(common["properties"]))
    else:
        schema = closed(common, inlined({"properties": statistic.options}))
        statistic = statistic.under(options)
    faults = check(written, schema, at)
    sheet.take(faults)
    meant = {fault.meant for fault in faults if fault.meant}
    if not check_comparison(name, written, statistic, sheet, meant):
        _check_threshold(name, written, statistic, sheet, meant)
    check_across(name, written, statistic, sheet)
    if len(sheet.problems) == before:
        _check_claim(name, written, statistic, sheet)
    if statistic is None or len(sheet.problems) > before:
        return None
    claim, over = _claim(written)
    across: Any = "together" if statistic.of_targets else written.get("across")
    stops = sampled and statistic.cell is not None and claim != "population" and across is None
    thresholds = _thresholds(statistic, written, options)
    relative = relative_threshold(written)
    baseline = comparing.read(name, written)
    if relative is not None:
        baseline = comparing.control(name, *relative, controls)
    own = {key: read(written[key]) for key, read in OWN.items() if key in written}
    return Gate(
        name=name,
        statistic=statistic.name,
        claim=claim,
        over=over,
        baseline=baseline,
        across=across,
        **{"stop_early": stops, **own, **thresholds},
        options=options,
        place=sheet.document.place(at),
    )


def _thresholds(
    statistic: Statistic, written: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, float]:
    """``at_most`` or ``at_least``: as written, or as a baseline, a control or an option means it."""
    relative = relative_threshold(written)
    if relative is not None:
        return {relative[0]: distance_of(relative[1])}
    given = {key: float(written[key]) for key in THRESHOLDS if key in written}
    meant = statistic.threshold(options) if statistic.threshold else None
    return given or threshold_of(written) or ({meant.key: meant.value} if meant else {})


def _statistic(name: str, written: Mapping[str, Any], sheet: Sheet) -> Statistic | None:
    wanted = written.get("statistic", name)
    if not isinstance(wanted, str) or not wanted:
        return None  # the schema says so
    try:
        return statistics.get(wanted)
    except UnknownName as error:
        if "statistic" in written:
            sheet.unknown_name(("gates", name, "statistic"), error)
        elif not any(near(key, ["statistic"]) for key in written):
            sheet.unknown_gate(name, error)
        return None


def _claim(written: Mapping[str, Any]) -> tuple[Claim, str | None]:
    """The claim, and over what it is, as they are written: a word, or ``{population: DIMENSION}``."""
    claim: Any = written.get("claim", DECLARED_SET)
    return ("population", claim["population"]) if isinstance(claim, dict) else (claim, None)


def _check_claim(name: str, written: Mapping[str, Any], statistic: Statistic | None, sheet: Sheet) -> None:
    """A claim that the statistic or the way of asking cannot carry."""
    claim, _ = _claim(written)
    at: Pointer = ("gates", name, "claim")
    if claim == DECLARED_SET or statistic is None:
        return
    if statistic.cell is None:
        what = f"gate {shown(name)}: {shown(statistic.name)} is no mean of answers"
        sheet.note(at, f"{what}, and cannot carry a {claim} claim", allowed=f"claim: {DECLARED_SET}")
    if claim == "population" and written.get("stop_early"):
        what = f"gate {shown(name)}: a population claim is decided on the whole set, and cannot stop early"
        sheet.note(("gates", name, "stop_early"), what, allowed="remove stop_early")


def _check_answers_vary(gate: Gate, data: Mapping[str, Any], sheet: Sheet) -> None:
    """Answers at temperature 0, each drawn once, show nothing of how they would vary."""
    sampling = data.get("sampling")
    temperature = sampling.get("temperature", 0) if isinstance(sampling, dict) else 0
    if gate.claim == RESAMPLED and temperature == 0 and data.get("repeats", 1) == 1:
        what = f"gate {shown(gate.name)}: at temperature 0 and without repeats answers do not vary, so that "
        what += f"{RESAMPLED} claims no more than {DECLARED_SET}"
        allowed = "set sampling.temperature above 0, or repeats above 1"
        sheet.note(("gates", gate.name, "claim"), what, allowed=allowed)


def _check_threshold(
    name: str, written: Mapping[str, Any], statistic: Statistic | None, sheet: Sheet, meant: set[str]
) -> None:
    """Exactly one of at_most and at_least, within the statistic's scale."""
    at: Pointer = ("gates", name)
    given = [key for key in THRESHOLDS if key in written]
    if len(given) == 2:
        what, allowed = (
            f"gate {shown(name)} has both thresholds",
            "give at_most or at_least, or make two gates",
        )
        sheet.note((*at, given[1]), what, allowed=allowed, key=True)
    elif given and _means_threshold(statistic, written):
        what = f"gate {shown(name)} has two thresholds: an option of {_statistic_name(statistic)} means one"
        sheet.note((*at, given[0]), what, allowed="remove this key", key=True)
    elif not given and meant.isdisjoint(THRESHOLDS) and not _means_threshold(statistic, written):
        keys = list(statistic.options) if statistic and statistic.threshold else list(THRESHOLDS)
        sheet.note(at, f"gate {shown(name)} has no threshold", allowed=f"give {' or '.join(keys)}")
    if statistic is None:
        return
    for key in given:
        value = written[key]
        if isinstance(value, Mapping):
            _check_relative(name, key, written, statistic, sheet)
        else:
            _check_scale(f"gate {shown(name)}: {key}", value, statistic, sheet, (*at, key))


def _check_relative(
    name: str, key: str, written: Mapping[str, Any], statistic: Statistic, sheet: Sheet
) -> None:
    """A threshold relative to a control: of a mean of answers only, and no farther than the scale goes."""
    at: Pointer = ("gates", name, key)
    by, width = written[key].get("by"), statistic.scale[1] - statistic.scale[0]
    if statistic.cell is None:
        what = f"{shown(statistic.name)} is no mean of answers that could be compared with a control's"
        sheet.note(at, f"gate {shown(name)}: {what}", allowed="give a number")
    elif isinstance(by, int | float) and not isinstance(by, bool) and by is not UNREAD and by > width:
        what = f"gate {shown(name)}: {shown(by)} is more than {shown(statistic.name)} can differ"
        sheet.note((*at, "by"), what, allowed=f"at most {width:g}")
    if written.get("claim", DECLARED_SET) != DECLARED_SET:
        what = f"gate {shown(name)} is relative to a control: what is compared is the declared set"
        sheet.note(("gates", name, "claim"), what, allowed="leave claim out", key=True)
    if written.get("across") is not None:
        what = f"gate {shown(name)} is across targets and relative to a control"
        sheet.note(("gates", name, "across"), what, allowed="make two gates", key=True)


def _statistic_name(statistic: Statistic | None) -> str:
    return shown(statistic.name) if statistic else "the statistic"


def _means_threshold(statistic: Statistic | None, written: Mapping[str, Any]) -> bool:
    """Whether an option of the statistic stands for the threshold."""
    return statistic is not None and bool(statistic.threshold and statistic.threshold(written))


def _check_scale(what: str, value: Any, statistic: Statistic, sheet: Sheet, at: Pointer) -> None:
    low, high = statistic.scale
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value is not UNREAD
    if is_number and not low <= value <= high:
        percent = (low, high) == (0, 1) and 1 < value <= 100
        sheet.note(
            at,
            f"{what} {shown(value)} is outside the scale {low:g}..{high:g} of {shown(statistic.name)}",
            allowed=f"{value:g} % is written {value / 100:g}" if percent else None,
        )
