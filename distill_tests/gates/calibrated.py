"""What a spec's calibration says of its judge: whether it holds, and what it knows of each mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from distill_tests.calibrations import Calibration, OfLabel, heading_of, is_stale
from distill_tests.gates.moved import Known, Moved, known_words, moved
from distill_tests.gates.tally import exact, ruler
from distill_tests.inference.clustered import clustered_rate
from distill_tests.inference.clustering import Clusters, design
from distill_tests.inference.intervals import Interval
from distill_tests.inference.judge_error import JudgeLabels, JudgeRates, judge_rates
from distill_tests.registry import Statistic
from distill_tests.types import CalibrationUse, Gate, Json, Spec

FACTOR = "template"
"""What labelled rows are taken to have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A spec's judge as its gates see it.

    ``told`` is the judge in plain data, with its ``version``.  ``trouble`` says why no gate on its marks can
    decide; empty where there is none.
    """

    told: Mapping[str, Json]
    use: CalibrationUse | None = None
    trouble: str = ""

    @property
    def judge(self) -> str:
        return str(self.told["name"])

    @property
    def calibration(self) -> Calibration | None:
        """The calibration, where it holds."""
        if self.use is None or self.trouble:
            return None
        found: Calibration | None = self.use.stored
        return found

    def known(self, mark: str, *, alpha: float) -> Known | None:
        """What the calibration knows of a mark, its bounds erring with ``alpha`` / 4 each."""
        label = self.calibration.labels.get(mark) if self.calibration is not None else None
        return None if label is None else known_of(self.judge, mark, label, alpha=alpha)

    def moved(self, gate: Gate, statistic: Statistic, *, declared: int) -> Moved | None:
        """The gate's threshold under the calibration, on a set of ``declared`` cases.

        None where there is no calibration, or the statistic is no mark's rate.

        Raises ValueError for a gate that asks the impossible.
        """
        if statistic.mark is None:
            return None
        measure = ruler(gate, statistic.scale)
        known = self.known(statistic.mark, alpha=float(1 - exact(gate.confidence)))
        size = max(1, declared) if gate.claim == "declared-set" else None
        return None if known is None else moved(gate, measure, known, declared=size)

    def as_record(self) -> dict[str, Json]:
        """The judge, and how it stands: calibrated, not calibrated, or with what trouble."""
        words = "calibrated" if self.calibration is not None else self.trouble or "not calibrated"
        return {**self.told, "calibration": self.use.path if self.use else None, "standing": words}

    def notes(self, gate: Gate, statistic: Statistic) -> Iterator[str]:
        """What a report says of the judge beside a gate on one of its marks."""
        if statistic.mark is None:
            return
        calibration, use = self.calibration, self.use
        if use is None and self.judge == "recorded":
            return  # the labels are the recording's own
        if use is None:
            yield f"judge {self.judge}: not calibrated (no calibration: in the spec)"
        elif calibration is not None and (gate.baseline is not None or gate.across):
            yield f"judge {self.judge}: compares judged rates; calibration {use.path} moves no such gate"
        elif calibration is not None:
            alpha = float(1 - exact(gate.confidence))
            known = self.known(statistic.mark, alpha=alpha)
            told = known_words(known, alpha=alpha) if known else f"{statistic.mark}: no labels"
            yield f"judge {self.judge}, {told}; labels: {calibration.annotators}; calibration {use.path}"


def standing(spec: Spec) -> Standing | None:
    """How the spec's judge stands now; None where it has no judge."""
    if spec.judge is None:
        return None
    told = heading_of(spec.judge)
    use = spec.calibration
    stored: Calibration | None = use.stored if use is not None else None
    version = str(told["version"])
    if use is None or stored is None:
        return Standing(told=told, use=use)
    trouble = ""
    if stored.judge != spec.judge.name:
        trouble = (
            f"calibration {use.path} is of another judge: {stored.judge} {stored.version[:16]}, "
            f"and this one is {spec.judge.name} {version[:16]}; calibrate this one"
        )
    elif is_stale(stored, version):
        trouble = (
            f"calibration {use.path} is stale: of {stored.judge} {stored.version[:16]}, "
            f"and the judge is now {version[:16]}; calibrate it again"
        )
    return Standing(told=told, use=use, trouble=trouble)


# --- rates from labelled rows ---------------------------------------------------------------------


def known_of(judge: str, mark: str, label: OfLabel, *, alpha: float) -> Known:
    """What one label's counts say, by Clopper-Pearson; where rows share templates, by Korn-Graubard.

    Raises ValueError for a label that is not yes or no.
    """
    counts = label.whole.counts
    if counts is None:
        raise ValueError(f"the label {mark!r} is not yes or no")
    found, alarms, missed, left = counts
    labels = JudgeLabels(found + missed, found, alarms + left, alarms)
    plain = judge_rates(labels, alpha=alpha)
    members = [four for four, times in label.clusters.get(FACTOR, {}).items() for _ in range(times)]
    if all(sum(four) < 2 for four in members):
        return Known(judge=judge, mark=mark, labels=labels, rates=plain, method="Clopper-Pearson")
    positives = _side([(four[0], four[2]) for four in members], alpha)
    negatives = _side([(four[1], four[3]) for four in members], alpha)
    rates = JudgeRates(
        positives.interval, negatives.interval, plain.seen_sensitivity, plain.seen_false_positive_rate
    )
    return Known(
        judge=judge,
        mark=mark,
        labels=labels,
        rates=rates,
        method=f"Korn-Graubard, {len(members)} {'template' if len(members) == 1 else 'templates'}",
        worth=(positives.worth, negatives.worth),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    interval: Interval
    worth: float


def _side(by_template: list[tuple[int, int]], alpha: float) -> _Side:
    """The bounds of a share from (raised, not raised) by template, and what a row is worth."""
    values: list[float] = []
    clusters: list[Mapping[str, str]] = []
    for number, (raised, quiet) in enumerate(by_template):
        values += [1.0] * raised + [0.0] * quiet
        clusters += [{FACTOR: str(number)}] * (raised + quiet)
    if not values:
        return _Side(Interval(0.0, 1.0), 1.0)
    told = clustered_rate(values, clusters, level=1.0 - alpha / 2.0)
    if told.low is None or told.high is None:
        return _Side(Interval(0.0, 1.0), 1.0 / len(values))
    return _Side(Interval(told.low, told.high), _worth(values, clusters))


def _worth(values: list[float], clusters: Clusters) -> float:
    effective = design(values, clusters).effective_n
    return min(1.0, (effective or 1.0) / len(values))
