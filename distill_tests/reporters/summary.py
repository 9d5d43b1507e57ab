"""``summary.json``: what a machine reads of a run (``schema/summary.json``)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from distill_tests.display import escape_unseen
from distill_tests.record import Run
from distill_tests.registry import reporter
from distill_tests.rundir import publish
from distill_tests.summary import summarise
from distill_tests.types import Json


@reporter("summary")
class Summary:
    def during(self, record: Mapping[str, Json]) -> None:
        """Nothing: the summary is made at the end."""

    def after(self, run: Run) -> None:
        """Write ``summary.json`` into the run's directory, and the copy of the latest above it."""
        summary = run.summary if run.summary is not None else summarise(run.meta, run.records)
        text = json.dumps(summary, ensure_ascii=False, allow_nan=False, indent=2)
        publish(run, "summary.json", _safe(text) + "\n")


def _safe(text: str) -> str:
    """The same document without characters that act on a terminal; its own line breaks stay."""
    return "\n".join(map(escape_unseen, text.split("\n")))
