"""Gates under a calibrated judge: the reference's example, laws, error rates, and the words a user reads."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.calibrations import of_label
from distill_tests.gates import judge_gate
from distill_tests.gates.calibrated import known_of
from distill_tests.gates.moved import Known, Moved, corrected, moved
from distill_tests.gates.stopping import Watch
from distill_tests.gates.tally import ruler
from distill_tests.gold import Pair
from distill_tests.inference.intervals import Interval
from distill_tests.inference.judge_error import Decision, JudgeLabels, decided, judge_rates
from distill_tests.registry import statistics
from distill_tests.types import Gate, GateResult, Sample, Verdict
from tests.test_gates import at_least, at_most, hits, sample_of

LABELS = JudgeLabels(positives=100, found=92, negatives=100, false_alarms=1)
STRICT = statistics.get("strict_rate")


def known(labels: JudgeLabels = LABELS, *, alpha: float = 0.05) -> Known:
    rates = judge_rates(labels, alpha=alpha)
    return Known(judge="claims", mark="strict", labels=labels, rates=rates, method="Clopper-Pearson")


def to(gate: Gate, labels: JudgeLabels = LABELS, *, declared: int | None = None) -> Moved:
    """``declared`` None: as if the set were so large that the judge's luck evens out."""
    return moved(gate, ruler(gate), known(labels, alpha=1 - gate.confidence), declared=declared)


def judged(
    gate: Gate, sample: Sample, labels: JudgeLabels = LABELS, *, declared: int | None = None
) -> GateResult:
    return judge_gate(gate, sample, STRICT, moved=to(gate, labels, declared=declared))


# --- a set asked in full --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [
        (0, Verdict.PASSED),
        (83, Verdict.PASSED),
        (85, Verdict.INCONCLUSIVE),
        (100, Verdict.INCONCLUSIVE),
        (152, Verdict.INCONCLUSIVE),
        (154, Verdict.FAILED),
        (1000, Verdict.FAILED),
    ],
)
def test_the_references_example_decides_a_whole_set(wrong: int, verdict: Verdict) -> None:
    """gates.md: t = .10, 100 + 100 labels, Se .92, FPR .01: pass below .084, fail above .153."""
    result = judged(at_most(0.10), sample_of(hits(wrong, 1000)))
    assert result.verdict is verdict
    assert "passes up to 0.084 judged and fails above 0.153" in result.explanation


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [(72, Verdict.PASSED), (73, Verdict.INCONCLUSIVE), (175, Verdict.INCONCLUSIVE), (176, Verdict.FAILED)],
)
def test_in_a_set_of_its_own_the_judges_luck_is_counted_too(wrong: int, verdict: Verdict) -> None:
    result = judged(at_most(0.10), sample_of(hits(wrong, 1000)), declared=1000)
    assert result.verdict is verdict
    assert (
        "passes up to 0.073 judged and fails above 0.176 under what judge claims gets wrong, its luck on "
        "1,000 included (without: passes up to 0.084 judged and fails above 0.153)"
    ) in result.explanation


def test_nothing_found_by_a_judge_that_misses_some_is_not_nothing_there() -> None:
    """3 of 20 all missed by a judge of 0.84: 0.4 %.  2 of 20: 2.7 %, more than the 1.25 % that luck has."""
    result = judged(at_most(0.10), sample_of(hits(0, 20)), declared=20)
    assert result.verdict is Verdict.PASSED
    assert "corrected for the judge's errors: 0.000 [0.000, 0.100]" in result.explanation
    assert judged(at_most(0.05), sample_of(hits(0, 20)), declared=20).verdict is Verdict.INCONCLUSIVE


def test_where_luck_is_all_that_is_left_a_larger_set_is_asked_for_not_labels() -> None:
    many = JudgeLabels(100_000, 92_000, 100_000, 1_000)
    text = judged(at_most(0.10), sample_of(hits(19, 200)), many, declared=200).explanation
    assert text.startswith("judge too coarse")
    assert text.endswith("a larger set would decide it, more labels alone would not")


def test_an_at_least_gate_is_decided_by_the_mirrored_band() -> None:
    right_is_marked = at_least(0.9)
    labels = JudgeLabels(positives=100, found=99, negatives=100, false_alarms=8)
    for marked, verdict in (
        (917, Verdict.PASSED),
        (900, Verdict.INCONCLUSIVE),
        (846, Verdict.FAILED),
    ):
        result = judged(right_is_marked, sample_of(hits(marked, 1000)), labels)
        assert result.verdict is verdict
        assert "passes from 0.916 judged on and fails below 0.847" in result.explanation


def test_between_its_ends_a_judge_is_too_coarse_and_it_says_which_labels_would_help() -> None:
    text = judged(at_most(0.10), sample_of(hits(90, 1000))).explanation
    assert text.startswith(
        "judge too coarse: 90 wrong of 1000, a judged rate of 0.0900; required at most 0.10"
    )
    assert "more negative labels (for its false positives) would decide it" in text


def test_a_pass_says_on_what_it_rests_and_shows_the_corrected_rate() -> None:
    text = judged(at_most(0.10), sample_of(hits(60, 1000))).explanation
    assert "corrected for the judge's errors: 0.055 [0.000, 0.072], Rogan-Gladen, 95 % on either side" in text
    assert text.endswith("if the judge errs in it as on the labelled rows")


def test_a_corrected_rate_below_0_is_cut_and_says_so() -> None:
    text = judged(at_most(0.10), sample_of(hits(5, 1000))).explanation
    assert "corrected for the judge's errors: 0.000 [0.000, " in text
    assert "; cut to 0 from -0.005" in text


def test_without_negative_labels_no_gate_fails_and_the_reason_names_them() -> None:
    result = judged(at_most(0.1), sample_of(hits(900, 1000)), JudgeLabels(100, 92, 0, 0))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert (
        "there are no negative labels, and its false positives cannot be told without" in result.explanation
    )


def test_a_judge_that_tells_nothing_apart_decides_nothing_and_no_labels_are_asked_for() -> None:
    result = judged(at_most(0.5), sample_of(hits(10, 100)), JudgeLabels(100, 50, 100, 50))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no number of labels mends that" in result.explanation


def test_at_the_threshold_no_number_of_labels_helps() -> None:
    at = round(1000 * (0.1 * 0.92 + 0.9 * 0.01))
    text = judged(at_most(0.10), sample_of(hits(at, 1000))).explanation
    assert "no number of labels decides it" in text


def test_what_is_missing_counts_against_either_side() -> None:
    result = judged(at_most(0.10, max_missing=0.5), sample_of(hits(60, 960), failed=40))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "60 wrong and 40 unanswered of 1000, a judged rate between 0.060 and 0.100" in result.explanation
    assert "re-run with --lf" in result.explanation


def test_a_threshold_of_1_passes_whatever_the_judge_says() -> None:
    assert judged(at_most(1.0), sample_of(hits(50, 50))).verdict is Verdict.PASSED


@settings(deadline=None, max_examples=60)
@given(
    wrong=st.integers(0, 50),
    threshold=st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.5, 0.9]),
    found=st.integers(0, 80),
    alarms=st.integers(0, 60),
    declared=st.sampled_from([None, 50]),
)
def test_the_verdict_is_that_of_the_corrected_bounds(
    wrong: int, threshold: float, found: int, alarms: int, declared: int | None
) -> None:
    labels, rate = JudgeLabels(80, found, 60, alarms), wrong / 50
    gate = at_most(threshold)
    band = to(gate, labels, declared=declared).band
    verdict = judged(gate, sample_of(hits(wrong, 50)), labels, declared=declared).verdict
    ends = [end for end in (band.low, band.high) if end is not None]
    told = corrected(rate, Interval(rate, rate), judge_rates(labels), declared=declared)
    if told is None or any(abs(rate - end) < 1e-9 for end in ends):
        return
    if told.high < 1:
        assert (verdict is Verdict.PASSED) == (told.high <= threshold + 1e-12)
    if told.low > 0:
        assert (verdict is Verdict.FAILED) == (told.low > threshold + 1e-12)


@settings(deadline=None, max_examples=40)
@given(wrong=st.integers(0, 50), threshold=st.sampled_from([0.02, 0.1, 0.3]))
def test_a_calibration_never_turns_a_verdict_into_its_opposite_where_the_judge_only_misses(
    wrong: int, threshold: float
) -> None:
    """With no false alarms a judged rate is a lower bound of the true one: what fails as judged, fails."""
    perfect = JudgeLabels(10_000, 10_000, 10_000, 0)
    plain = judge_gate(at_most(threshold), sample_of(hits(wrong, 50)), STRICT).verdict
    under = judged(at_most(threshold), sample_of(hits(wrong, 50)), perfect).verdict
    assert under in (plain, Verdict.INCONCLUSIVE)


# --- a set asked in part --------------------------------------------------------------------------


def test_the_gates_own_bounds_have_half_its_error() -> None:
    """0 of 43: Clopper-Pearson at 95 % says at most 0.0673, at 97.5 % 0.0822; the band ends at 0.084."""
    gate = at_most(0.10)
    assert judged(gate, sample_of(hits(0, 43), undrawn=957)).verdict is Verdict.PASSED
    assert judged(gate, sample_of(hits(0, 40), undrawn=960)).verdict is Verdict.INCONCLUSIVE
    assert "97.5 % confidence on each side" in judged(gate, sample_of(hits(0, 40), undrawn=960)).explanation


def stopped(
    gate: Gate, cells: Sequence[float], labels: JudgeLabels = LABELS, *, declared: int | None = None
) -> tuple[int, Verdict | None]:
    """After how many cells the watch ends the asking, and with what verdict."""
    watch = Watch(gate, cases=len(cells), band=to(gate, labels, declared=declared).band)
    for number, cell in enumerate(cells, start=1):
        verdict = watch.add((cell,))
        if verdict is not None:
            return number, verdict
    return len(cells), None


@pytest.mark.parametrize(
    ("wrong", "verdict"), [(0, Verdict.PASSED), (110, Verdict.INCONCLUSIVE), (400, Verdict.FAILED)]
)
def test_a_stop_passes_fails_or_finds_the_judge_too_coarse(wrong: int, verdict: Verdict) -> None:
    cells = [1.0] * wrong + [0.0] * (1000 - wrong)
    random.Random(3).shuffle(cells)
    gate = at_most(0.10, stop_early=True)
    number, found = stopped(gate, cells)
    assert found is verdict
    assert number < 1000
    result = judged(gate, sample_of(cells[:number], undrawn=1000 - number))
    assert result.verdict is verdict
    assert result.explanation.startswith("judge too coarse") == (verdict is Verdict.INCONCLUSIVE)
    sure = "95 %" if verdict is Verdict.INCONCLUSIVE else "97.5 %"
    assert f"{sure} on either side" in result.estimate.method


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0]), min_size=20, max_size=80),
    threshold=st.sampled_from([0.1, 0.3, 0.6]),
)
def test_the_verdict_on_the_cases_up_to_the_stop_is_the_one_that_stopped_it(
    cells: list[float], threshold: float
) -> None:
    gate = at_most(threshold, stop_early=True)
    number, found = stopped(gate, cells)
    if found is not None:
        assert judged(gate, sample_of(cells[:number], undrawn=len(cells) - number)).verdict is found


def test_a_judge_that_can_decide_nothing_does_not_have_the_whole_set_asked() -> None:
    number, found = stopped(at_most(0.1, stop_early=True), [0.0] * 100, JudgeLabels(0, 0, 0, 0))
    assert (number, found) == (1, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(("positive", "wrong"), [(51, Verdict.PASSED), (50, Verdict.FAILED)])
def test_wrong_verdicts_at_the_boundary_stay_below_alpha(positive: int, wrong: Verdict) -> None:
    """500 answers at the boundary of at most 0.10, a judge of 0.92 and 0.01, 100 + 100 labels each time."""
    rng, rounds, errors = random.Random(11), 80, 0
    gate = at_most(0.10, stop_early=True)
    for _ in range(rounds):
        truth = [True] * positive + [False] * (500 - positive)
        cells = [float(rng.random() < (0.92 if one else 0.01)) for one in truth]
        rng.shuffle(cells)
        labels = JudgeLabels(
            100,
            sum(rng.random() < 0.92 for _ in range(100)),
            100,
            sum(rng.random() < 0.01 for _ in range(100)),
        )
        errors += stopped(gate, cells, labels, declared=500)[1] is wrong
    assert errors <= 0.05 * rounds


def test_with_many_labels_wrong_verdicts_on_small_sets_stay_below_alpha() -> None:
    """One positive more than the 2 of 120 that are allowed; without luck in the band 13 % of them pass."""
    rng, rounds, careless, careful = random.Random(7), 400, 0, 0
    gate = at_most(0.02)
    labels = JudgeLabels(2000, 1840, 2000, 20)
    free, bound = to(gate, labels).band, to(gate, labels, declared=120).band
    for _ in range(rounds):
        raised = sum(rng.random() < 0.92 for _ in range(3)) + sum(rng.random() < 0.01 for _ in range(117))
        careless += decided(free, raised / 120, raised / 120) is Decision.PASSED
        careful += decided(bound, raised / 120, raised / 120) is Decision.PASSED
    assert careless > 0.08 * rounds
    assert careful <= 0.05 * rounds


# --- what a calibration knows ---------------------------------------------------------------------


def pair(number: int, reference: bool, verdict: bool, template: str) -> Pair:
    return Pair(f"row-{number}", reference, verdict, {"template": template}, "en", "m")


def test_rows_that_stand_alone_have_clopper_pearson_bounds() -> None:
    pairs = [pair(i, i < 100, i < 92 or i == 100, f"t{i}") for i in range(200)]
    told = known_of("claims", "strict", of_label(pairs), alpha=0.05)
    assert (told.labels, told.method) == (LABELS, "Clopper-Pearson")
    assert told.rates == judge_rates(LABELS)


def test_rows_under_one_template_count_for_less() -> None:
    """The eight that are missed stand under one template: the judge fails a template, not a row."""
    pairs = [pair(i, i < 100, i < 92 or i == 100, f"t{i // 10}") for i in range(200)]
    told = known_of("claims", "strict", of_label(pairs), alpha=0.05)
    alone = judge_rates(LABELS)
    assert told.labels == LABELS
    assert told.method == "Korn-Graubard, 20 templates"
    assert told.rates.sensitivity.low < alone.sensitivity.low
    assert told.rates.false_positive_rate.high > alone.false_positive_rate.high
    assert told.worth[0] < 0.5


def test_labels_under_one_template_only_are_not_told_to_grow_in_number() -> None:
    pairs = [pair(i, i < 8, i < 8, "plain") for i in range(40)]
    told = known_of("claims", "strict", of_label(pairs), alpha=0.05)
    assert told.method == "Korn-Graubard, 1 template"
    gate = at_most(0.4)
    text = judge_gate(gate, sample_of(hits(16, 80)), STRICT, moved=moved(gate, ruler(gate), told)).explanation
    assert text.startswith("judge too coarse")
    assert text.endswith("all under one framing, which bounds nothing: label others too")
