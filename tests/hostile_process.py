"""Reads hostile files in a process of its own; says what came of each, its time and the peak of memory.

Standard input: one JSON object a line, ``{"check": PATH}``, ``{"transcript": PATH}`` or ``{"rows": PATH}``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from distill_tests import specfile
from distill_tests.errors import DistillError
from distill_tests.registry import judges, kinds, providers, statistics
from distill_tests.rows import judged_rows
from distill_tests.types import Model

MOST_CPU_S = 60
MOST_ADDRESSES = 4 << 30


def found_in(job: dict[str, str]) -> list[str]:
    ((what, name),) = job.items()
    path = Path(name)
    if what == "check":
        return [str(problem) for problem in specfile.check([path], environ={})]
    if what == "rows":
        problems = (one.problem for one in judged_rows(path, judges.get("recorded"), models={}, options={}))
        return [problem for problem in problems if problem is not None]
    options = {"transcripts": {"format": "jsonl", "path": path.name}}
    model = Model(alias="r", provider="recorded", model="r", directory=str(path.parent), options=options)
    recording = providers.get("recorded").make(model)
    return [f"{len(recording.rows())} rows"]  # type: ignore[attr-defined]  # a Recording, too


def peak_mb() -> float:
    """The most memory this process has had.

    Linux counts into ``ru_maxrss`` what the parent had when it began this process; VmHWM starts afresh.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    for registry in (kinds, providers, judges, statistics):
        list(registry)
    for line in sys.stdin:
        started = time.process_time()
        try:
            told = found_in(json.loads(line))
        except DistillError as error:
            told = str(error).splitlines()
        cpu_s = time.process_time() - started
        sys.stdout.write(json.dumps({"told": told, "cpu_s": cpu_s, "peak_mb": peak_mb()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
