"""The baseline of a gate and its allowed difference, as a spec writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from distill_tests.registry import Statistic
from distill_tests.specfile.environment import expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.files import shown_path, whole_path
from distill_tests.specfile.judging import Cards
from distill_tests.specfile.wording import choice, shown
from distill_tests.specfile.yamltext import UNREAD
from distill_tests.types import Baseline, Pointer

DIFFERENCES: Final = ("at_most_above", "at_most_below")
THRESHOLDS: Final = ("at_most", "at_least")


class Comparing:
    """Reads the baselines of one spec; what is wrong goes onto the sheet."""

    def __init__(
        self,
        cards: Cards,
        sheet: Sheet,
        *,
        directory: Path,
        environ: Mapping[str, str],
        requires: Sequence[str],
    ) -> None:
        self._cards, self._sheet = cards, sheet
        self._directory, self._environ, self._requires = directory, environ, requires

    def read(self, name: str, written: Mapping[str, Any]) -> Baseline | None:
        """The baseline of a gate that is well-formed; None where it has none."""
        given = written.get("baseline")
        at: Pointer = ("gates", name, "baseline")
        place = self._sheet.document.place(at)
        if isinstance(given, str):
            return Baseline(run=self._path(given, at), place=place)
        if not isinstance(given, Mapping):
            return None
        if "model" in given:
            alias = given["model"]
            self._cards.check(alias, (*at, "model"))
            return Baseline(model=self._cards.models.get(alias), place=place)
        return Baseline(run=self._path(given["run"], (*at, "run")), target=given.get("target"), place=place)

    def control(self, name: str, key: str, written: Mapping[str, Any], controls: Any) -> Baseline | None:
        """The control that a threshold ``{above: NAME, by: …}`` is relative to; notes a name that is none."""
        side = "above" if "above" in written else "below"
        wanted = written[side]
        at: Pointer = ("gates", name, key, side)
        known = controls if isinstance(controls, Mapping) else {}
        if wanted not in known:
            what = f"gate {shown(name)}: the spec has no control {shown(wanted)} to be relative to"
            allowed = choice(wanted, known) if known else "add controls: {unlike: ALIAS, sibling: ALIAS}"
            self._sheet.note(at, what, allowed=allowed)
            return None
        card = self._cards.models.get(known[wanted]) if isinstance(known[wanted], str) else None
        return Baseline(model=card, control=wanted, place=self._sheet.document.place(at))

    def _path(self, written: str, at: Pointer) -> str:
        found = expanded(written, self._environ, optional=self._requires)
        for what, allowed in found.faults:
            self._sheet.note(at, what, allowed=allowed)
        return shown_path(whole_path(self._directory / found.text))


def relative_threshold(written: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The threshold of a gate that is relative to a control, and its key; None where it has none."""
    found = [(key, written[key]) for key in THRESHOLDS if isinstance(written.get(key), Mapping)]
    return found[0] if len(found) == 1 else None


def distance_of(relative: Mapping[str, Any]) -> float:
    """How far from the control's value, with its sign: above is positive."""
    by = float(relative["by"])
    return by if "above" in relative else -by


def threshold_of(written: Mapping[str, Any]) -> dict[str, Any]:
    """``at_most`` or ``at_least`` of a gate against a baseline: bounds of the difference new - old."""
    if "at_most_above" in written:
        return {"at_most": float(written["at_most_above"])}
    if "at_most_below" in written:
        return {"at_least": -float(written["at_most_below"])}
    return {}


def check_comparison(
    name: str, written: Mapping[str, Any], statistic: Statistic | None, sheet: Sheet, meant: set[str]
) -> bool:
    """Whether the gate is one against a baseline; notes what does not go with that.

    ``meant`` are the keys that misspelt ones look like.
    """
    at: Pointer = ("gates", name)
    given = [key for key in DIFFERENCES if key in written]
    if "baseline" not in written:
        for key in given:
            sheet.note((*at, key), f"gate {shown(name)}: {key} of what?", allowed="add baseline: …", key=True)
        return bool(given)
    for key in THRESHOLDS:
        if key in written:
            what = f"gate {shown(name)} has a baseline, and {key} says nothing of the difference from it"
            sheet.note(
                (*at, key), what, allowed="at_most_above, or at_most_below where high is good", key=True
            )
    if len(given) == 2:
        what = f"gate {shown(name)} has both {' and '.join(given)}"
        sheet.note((*at, given[1]), what, allowed="give one, or make two gates", key=True)
    elif not given and meant.isdisjoint(DIFFERENCES) and not any(key in written for key in THRESHOLDS):
        allowed = "give at_most_above, or at_most_below where high is good"
        sheet.note(at, f"gate {shown(name)} has no threshold", allowed=allowed)
    if written.get("claim", "declared-set") != "declared-set":
        what = f"gate {shown(name)} has a baseline: what is compared is the declared set"
        sheet.note((*at, "claim"), what, allowed="leave claim out", key=True)
    if statistic is not None:
        _check_statistic(name, written, statistic, sheet, given)
    return True


def _check_statistic(
    name: str, written: Mapping[str, Any], statistic: Statistic, sheet: Sheet, given: Sequence[str]
) -> None:
    at: Pointer = ("gates", name)
    if statistic.cell is None:
        what = f"{shown(statistic.name)} is no mean of answers that could be compared with a baseline's"
        sheet.note((*at, "baseline"), what, key=True)
    width = statistic.scale[1] - statistic.scale[0]
    for key in given:
        value = written[key]
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and value is not UNREAD
        if is_number and not -width <= value <= width:
            what = f"gate {shown(name)}: {key} {shown(value)} is more than {shown(statistic.name)} can differ"
            percent = width == 1 and 1 < value <= 100
            allowed = f"{value:g} % is written {value / 100:g}" if percent else f"at most {width:g}"
            sheet.note((*at, key), what, allowed=allowed)


def check_across(name: str, written: Mapping[str, Any], statistic: Statistic | None, sheet: Sheet) -> None:
    """Notes what does not go with one gate over all targets."""
    at: Pointer = ("gates", name)
    is_of_all = statistic is not None and statistic.of_targets
    if is_of_all and written.get("across") is not None:
        what = f"gate {shown(name)}: {shown(written.get('statistic', name))} is of all targets together"
        sheet.note((*at, "across"), what, allowed="leave across out", key=True)
    if written.get("across") is None and not is_of_all:
        return
    if "baseline" in written:
        what = f"gate {shown(name)} is across targets and against a baseline"
        sheet.note((*at, "baseline"), what, allowed="make two gates", key=True)
    if written.get("across") == "spread" and "at_least" in written:
        what = f"gate {shown(name)}: the spread of targets is good where it is small"
        sheet.note((*at, "at_least"), what, allowed="write at_most", key=True)
    if written.get("stop_early") is True:
        what = f"gate {shown(name)} is across targets, which are asked in full for it"
        sheet.note((*at, "stop_early"), what, allowed="leave it out", key=True)
