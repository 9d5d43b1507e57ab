"""What a gate will take and say before any call: exact where it can be, else with what is not known."""

from __future__ import annotations

import time
from typing import Any

import pytest
from scipy.stats import hypergeom

from distill_tests.gates import judge_gate
from distill_tests.gates.outlook import LARGE, Asking, Outlook, outlook, shown_rate
from distill_tests.inference.power import by_logic, one_look
from distill_tests.registry import statistics
from distill_tests.types import Gate, Verdict
from tests.test_gate_claims import grid


def gate(limit: float, **options: Any) -> Gate:
    return Gate(name="g", statistic="strict_rate", at_most=limit, **{"stop_early": True, **options})


def foreseen(limit: float, size: int = 200, *, stops: bool = True, **options: Any) -> Outlook:
    return outlook(gate(limit, **options), Asking(declared=size, planned=size, stops=stops))


def test_rates_stand_around_the_threshold_as_whole_cases() -> None:
    assert [row.rate for row in foreseen(0.1).rows] == [0.0, 0.05, 0.1, 0.15, 0.2]
    assert [row.rate for row in foreseen(0.02, 120).rows] == [0.0, 1 / 120, 2 / 120, 4 / 120, 5 / 120]
    assert [row.rate for row in foreseen(0.8).rows][-1] == 1.0
    least = Gate(name="g", statistic="strict_rate", at_least=0.9)
    assert float(shown_rate(least, 0.05, scale=(0, 1))) == 0.95
    assert float(shown_rate(gate(2.0), 0.25, scale=(1, 5))) == 2.0


def test_far_from_the_threshold_a_gate_that_stops_takes_a_fraction_of_the_set() -> None:
    clean, half, at, above, twice = foreseen(0.1).rows
    assert (clean.calls, clean.passes) == (33.0, 1.0)
    assert half.calls < 150
    assert at.calls > 150
    assert (above.fails, twice.fails) == (1.0, 1.0)
    assert twice.calls < by_logic(200, 0.1, 0.2).calls
    for row in (clean, half, at, above, twice):
        assert row.passes + row.fails + row.inconclusive == pytest.approx(1.0)
        assert row.calls <= row.calls_95 <= 200


def test_what_simulation_leaves_open_is_said() -> None:
    assert any("0 % may be up to 9 %" in note for note in foreseen(0.1).notes)
    assert foreseen(0.1, stops=False, stop_early=False).notes == ("exact: no simulation",)
    assert foreseen(0.1) == foreseen(0.1)


def test_a_gate_waits_for_min_n_and_never_decides_below_it() -> None:
    assert all(row.calls >= 80 for row in foreseen(0.1, min_n=80).rows)
    assert all(row.inconclusive == 1.0 for row in foreseen(0.1, min_n=300).rows)


def test_one_look_at_a_part_is_exact() -> None:
    found = one_look(400, 100, 0.1, 0.12)
    law = hypergeom(400, 48, 100)
    rest = 300
    said = {Verdict.PASSED: 0.0, Verdict.FAILED: 0.0, Verdict.INCONCLUSIVE: 0.0}
    for k in range(49):
        values = [float(number < k) for number in range(100)]
        result = judge_gate(
            gate(0.1, stop_early=False), grid([values], undrawn=rest), statistics.get("strict_rate")
        )
        said[result.verdict] += float(law.pmf(k))
    assert found.passes == pytest.approx(said[Verdict.PASSED], abs=1e-9)
    assert found.fails == pytest.approx(said[Verdict.FAILED], abs=1e-9)
    assert found.inconclusive == pytest.approx(said[Verdict.INCONCLUSIVE], abs=1e-9)


def test_a_part_that_is_asked_may_stay_open() -> None:
    part = Asking(declared=2000, planned=60)
    for stop_early in (False, True):
        rows = outlook(gate(0.1, stop_early=stop_early), part).rows
        assert rows[2].inconclusive > 0.5
        assert all(row.calls == 60 for row in rows)


def test_a_resampled_claim_may_stay_open_where_the_declared_set_would_not() -> None:
    rows = foreseen(0.1, claim="declared-set-resampled").rows
    assert rows[2].inconclusive > 0.8
    assert (
        foreseen(0.1, claim="declared-set-resampled", stops=False, stop_early=False).rows[2].inconclusive
        > 0.8
    )


def test_a_population_claim_is_foreseen_by_framings_that_answer_alike() -> None:
    asking = Asking(declared=600, planned=600, clusters=60)
    found = outlook(gate(0.1, claim="population", stop_early=False), asking)
    clean, half, *_, twice = found.rows
    assert (clean.passes, clean.calls) == (1.0, 600.0)
    assert 0.0 < half.inconclusive < 1.0
    assert twice.fails > 0.8
    assert "answer alike by 0.17" in found.notes[0]


def test_a_large_set_at_the_threshold_is_said_to_be_asked_nearly_in_full() -> None:
    found = foreseen(0.1, 2 * LARGE)
    assert found.rows[2].calls == 2 * LARGE
    assert any("nearly in full; not simulated" in note for note in found.notes)


def test_thresholds_at_the_ends_need_no_case_or_every_case() -> None:
    assert foreseen(0.0).rows[0].calls == 200
    assert all(row.passes == 1.0 and row.calls == 1.0 for row in foreseen(1.0).rows)


def test_a_set_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="the declared set is empty"):
        outlook(gate(0.1), Asking(declared=0, planned=0))
    with pytest.raises(ValueError, match="outside the scale"):
        outlook(gate(1.5), Asking(declared=10, planned=10))


def test_four_gates_are_foreseen_quickly() -> None:
    start = time.thread_time()
    for limit in (0.02, 0.05, 0.1, 0.2):
        foreseen(limit)
    assert time.thread_time() - start < 20  # 0.7 s here
