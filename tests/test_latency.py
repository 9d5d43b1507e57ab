"""What a plan may say of time, from a store of real runs."""

from __future__ import annotations

from pathlib import Path

from distill_tests.store import typical_latency_s


def test_without_a_store_nothing_is_known_and_none_is_made(tmp_path: Path) -> None:
    assert typical_latency_s(tmp_path / "store.sqlite", provider="x", names={"m"}) is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_is_no_reason_to_fail_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    assert typical_latency_s(path, provider="x", names={"m"}) is None
