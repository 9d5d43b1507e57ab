"""What a run would cost, before anything is asked (``--plan``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from distill_tests.gates import power
from distill_tests.registry import judges, kinds, statistics
from distill_tests.types import Case, Model, Request, Spec

LETTERS_PER_TOKEN = 4.0
"""A rule of thumb for alphabetic text; a Han, Kana or Hangul character is counted as one token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Calls and tokens of one spec on one model.

    Token numbers are estimates: input from the length of the first prompts, output as if every
    reply were as long as allowed.  ``cost_usd`` is None where the card has no price.
    """

    spec: Spec
    target: Model
    cases: int
    calls_least: int
    calls_most: int
    judge_calls_most: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


def forecast(spec: Spec, target: Model, cases: Sequence[Case]) -> Forecast:
    """Calls, tokens and money of asking ``cases``; nothing is asked."""
    kind = kinds.get(spec.kind).kind
    least = most = prompt_tokens = 0
    for case in cases:
        low, high = kind.calls(case, spec)
        least += low * spec.repeats
        most += high * spec.repeats
        opening = kind.opening(case, spec, target)
        prompt_tokens += (tokens(opening) if opening else 0) * high * spec.repeats
    output_tokens = most * spec.sampling.max_tokens
    price = target.price
    judge_most = judges.get(spec.judge.name).declared(spec.judge.options).calls[1] if spec.judge else 0
    return Forecast(
        spec=spec,
        target=target,
        cases=len(cases),
        calls_least=least,
        calls_most=most,
        judge_calls_most=judge_most * len(cases) * spec.repeats,
        input_tokens=prompt_tokens,
        output_tokens=output_tokens,
        cost_usd=(prompt_tokens * price.input + output_tokens * price.output) / 1e6 if price else None,
    )


def tokens(request: Request) -> int:
    """About how many tokens the prompt has; a rule of thumb, no tokenizer is loaded."""
    text = "".join(message.text for message in request.messages)
    wide = sum(1 for character in text if ord(character) >= 0x2E80)
    return wide + math.ceil((len(text) - wide) / LETTERS_PER_TOKEN)


def lines(
    forecasts: Sequence[Forecast], *, concurrency: int, latency_s: Callable[[Model], float | None]
) -> Iterator[str]:
    """The plan in words, a block a target."""
    for item in forecasts:
        yield f"{item.spec.path} on {item.target.alias}: {item.cases} cases"
        yield f"  calls     {_span(item.calls_least, item.calls_most)}{_judging(item)}"
        told = f"about {item.input_tokens:,} in (first prompts, without the chat template's own)"
        yield f"  tokens    {told}, at most {item.output_tokens:,} out"
        yield f"  cost      {_cost(item)}"
        yield f"  time      {_minutes(item, concurrency, latency_s(item.target))}"
        for gate in item.spec.gates:
            statistic = statistics.get(gate.statistic)
            decides = power(gate, item.cases * item.spec.repeats, scale=statistic.scale)
            yield f"  gate {gate.name}: {decides if statistic.cell else 'decided when the set is complete'}"
    total = sum(item.calls_most for item in forecasts)
    count = f"{len(forecasts)} {'target' if len(forecasts) == 1 else 'targets'}"
    yield f"in all: {count}, at most {total:,} calls. Nothing was asked."


def _span(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _judging(item: Forecast) -> str:
    return f", and up to {item.judge_calls_most:,} to the judge" if item.judge_calls_most else ""


def _cost(item: Forecast) -> str:
    if item.cost_usd is not None:
        return f"at most about ${item.cost_usd:,.2f}"
    return "unknown: the card has no price" if item.target.base_url else "none: no paid endpoint"


def _minutes(item: Forecast, concurrency: int, latency_s: float | None) -> str:
    if latency_s is None:
        return "unknown: no call to this model is in the store yet"
    minutes = item.calls_most * latency_s / min(concurrency, max(1, item.calls_most)) / 60
    return (
        f"about {minutes:.1f} min, {concurrency} calls at a time of {latency_s:.1f} s (median in the store)"
    )
