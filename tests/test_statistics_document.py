"""docs/statistics.md lists every statistic that a gate can name, in its own docstring's words."""

from __future__ import annotations

from pathlib import Path

from distill_tests.registry import Statistic, statistics

DOCUMENT = Path(__file__).parents[1] / "docs" / "statistics.md"


def row(one: Statistic) -> str:
    low, high = (f"{end:g}" for end in one.scale)
    options = ", ".join(f"`{name}`" for name in one.options) or "none"
    words = " ".join((one.function.__doc__ or "").split("\n\n")[0].split())
    return (
        f"| {_of(one)} | `{one.name}`: {words} | {low}, {high} | {options} | {'yes' if one.cell else 'no'} |"
    )


def shipped() -> list[Statistic]:
    """Those of this package; a test may have registered its own."""
    every = (statistics.get(name) for name in statistics)
    ours = (one for one in every if one.function.__module__.startswith("distill_tests."))
    return sorted(ours, key=lambda one: (_of(one), one.name))


def _of(one: Statistic) -> str:
    return one.function.__module__.rpartition(".")[2].replace("_", " ")


def test_every_statistic_stands_in_the_document_with_its_range_options_and_meaning() -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("\n## All statistics\n")[1].split("\n## ")[0]
    head, _, *table = [line for line in section.splitlines() if line.startswith("|")]
    assert head == "| of | statistic | from, to | options | a mean of answers |"
    assert table == [row(one) for one in shipped()]
