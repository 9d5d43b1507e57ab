"""The stored calibration of a spec's judge: found, read, and held against the gates that will rest on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from distill_tests.calibrations import Calibration, read
from distill_tests.errors import DataError, UnknownName
from distill_tests.registry import statistic_of
from distill_tests.specfile.environment import expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.files import shown_path
from distill_tests.specfile.wording import shown
from distill_tests.subjects import is_about_judges
from distill_tests.types import CalibrationUse, Gate, Pointer

KEY: Final = "calibration"
_AT: Final[Pointer] = (KEY,)


def read_calibration(
    data: Mapping[str, Any],
    gates: Sequence[Gate],
    sheet: Sheet,
    *,
    directory: Path,
    environ: Mapping[str, str],
) -> CalibrationUse | None:
    """The calibration that a spec's data name, if they do; what is wrong goes onto ``sheet``.

    That it is of this judge, and of its present version, is no matter of the file: the gates tell.
    """
    written = data.get(KEY)
    if not isinstance(written, str) or not written:
        return None  # the schema says so
    if _misplaced(data, sheet):
        return None
    optional = [name for name in data.get("requires", ()) if isinstance(name, str)]
    found = expanded(written, environ, optional=optional)
    for what, allowed in found.faults:
        sheet.note(_AT, what, allowed=allowed)
    path = directory / found.text
    use = CalibrationUse(path=shown_path(path), place=sheet.document.place(_AT))
    if found.faults or found.absent:
        return use
    try:
        stored = read(path)
    except DataError as error:
        sheet.note(_AT, str(error))
        return None
    _check(stored, gates, sheet)
    return CalibrationUse(path=use.path, stored=stored, place=use.place)


def _misplaced(data: Mapping[str, Any], sheet: Sheet) -> bool:
    if "judge" not in data:
        sheet.note(_AT, "a calibration of no judge: the spec names none", allowed="add judge: …", key=True)
        return True
    try:
        audits = is_about_judges(str(data.get("kind")))
    except UnknownName:
        return False  # said already
    if audits:
        what = "a spec that audits its judge takes no calibration of it"
        sheet.note(_AT, what, allowed="its run writes one", key=True)
    return audits


def _check(stored: Calibration, gates: Sequence[Gate], sheet: Sheet) -> None:
    """A whole calibration, with yes-or-no labels for each gate on a mark of the judge."""
    if not stored.complete:
        what = "an incomplete calibration: not every gold row was put to the judge"
        sheet.note(_AT, what, allowed="run its spec again")
    for gate in gates:
        if gate.baseline is not None or gate.across:
            continue  # these compare judged rates, whatever their errors
        mark = statistic_of(gate).mark
        label = stored.labels.get(mark) if mark is not None else None
        if mark is None or (label is not None and label.whole.counts is not None):
            continue
        known = ", ".join(name for name, one in stored.labels.items() if one.whole.counts is not None)
        what = f"gate {shown(gate.name)} counts the judge's {shown(mark)}, a label the calibration lacks"
        sheet.note(_AT, what, allowed=f"it has {known}" if known else "it has no yes-or-no label at all")
