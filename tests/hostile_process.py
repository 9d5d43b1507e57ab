"""Reads hostile files in a process of its own; says what came of each, its time and the peak of memory.

Standard input: one JSON object a line, ``{"check": PATH}``, ``{"transcript": PATH}`` or ``{"rows": PATH}``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from distill_tests import specfile
from distill_tests.errors import DistillError
from distill_tests.exams.reading import read_exam
from distill_tests.lineage.reading import read_panel, read_responses
from distill_tests.prompts.nouns import Source
from distill_tests.prompts.sets import prompt_sets
from distill_tests.ratings.formats import read_ratings
from distill_tests.registry import judges, kinds, providers, statistics
from distill_tests.rows import judged_rows
from distill_tests.types import Model

MOST_CPU_S = 120
MOST_ADDRESSES = 4 << 30


def found_in(job: dict[str, str]) -> list[str]:
    ((what, name),) = job.items()
    path = Path(name)
    if what == "check":
        return [str(problem) for problem in specfile.check([path], environ={})]
    if what == "rows":
        problems = (one.problem for one in judged_rows(path, judges.get("recorded"), models={}, options={}))
        return [problem for problem in problems if problem is not None]
    if what in READERS:
        return READERS[what](path)
    options = {"transcripts": {"format": "jsonl", "path": path.name}}
    model = Model(alias="r", provider="recorded", model="r", directory=str(path.parent), options=options)
    recording = providers.get("recorded").make(model)
    return [f"{len(recording.rows())} rows"]  # type: ignore[attr-defined]  # a Recording, too


def captions(path: Path) -> list[str]:
    """The problems of a caption spec whose items are the file."""
    spec = path.with_name("specs") / "caption.yaml"
    spec.write_text(CAPTION.format(path=path.name), encoding="utf-8")
    problems = specfile.check([spec], environ={})
    spec.unlink()
    return [str(problem) for problem in problems]


CAPTION = "kind: caption\ntitle: T\ntargets: [m]\nitems: {{jsonl: ../{path}}}\njudge: blend\n"
READERS: Mapping[str, Callable[[Path], list[str]]] = {
    "prompts": lambda path: [str(one.usable) for one in prompt_sets(Source(path=path), seed=1)],
    "exam": lambda path: [str(len(read_exam([path]).items))],
    "captions": captions,
    "ratings": lambda path: [
        str(one) for one in read_ratings(path, format="jsonl", named=path.name).problems
    ],
    "responses": lambda path: [str(len(read_responses(path).answers))],
    "panel": lambda path: [str(read_panel(path).panel.makers)],
}
"""What reads the data files of each kind: the problems, or what was found."""


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
