"""What a run would cost, before anything is asked (``--plan``)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from distill_tests.conduct import declared_controls
from distill_tests.gates import power
from distill_tests.gates.claims import dimension
from distill_tests.gates.outlook import Asking, outlook, shown_rate
from distill_tests.gates.text import plan_words
from distill_tests.inference.power import Power
from distill_tests.registry import judges, kinds, statistic_of
from distill_tests.subjects import asked_beside, is_judge
from distill_tests.types import Case, Gate, Model, Request, Spec

LETTERS_PER_TOKEN = 4.0
"""A rule of thumb for alphabetic text; a Han, Kana or Hangul character is counted as one token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Calls, tokens and money of asking one model for one spec.

    Token numbers are estimates: input from the length of the first prompts, output as if every reply were as
    long as allowed.  ``images`` are sent with them and are not among the tokens: what one takes is each
    endpoint's own rule.  ``cost_usd`` is None where the card has no price.
    """

    spec: Spec
    calls_least: int
    calls_most: int
    judge_calls_most: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    images: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast(Counts):
    """The counts of one spec on one model; those of controls are among them."""

    target: Model
    cases: int
    asked: tuple[Case, ...] = ()
    declared: tuple[Case, ...] = ()
    full: bool = False
    control_calls: int = 0

    @property
    def asking_ends_early(self) -> bool:
        """Whether the asking may end before the planned cases do: when all gates have decided."""
        gates = self.spec.gates
        return not self.full and len(gates) > 1 and all(gate.stop_early for gate in gates)

    def calls(self, cases: float) -> float:
        """At most how many calls it takes to ask so many of the planned cases, and the controls."""
        asked = self.calls_most - self.control_calls
        return self.control_calls + asked * cases / max(1, self.cases)

    def asking(self, gate: Gate) -> Asking:
        """How the gate's set will be asked."""
        stops = not self.full and all(one.stop_early for one in self.spec.gates)
        labels = [case.clusters for case in self.declared]
        over = dimension(gate, labels) if gate.claim == "population" else None
        return Asking(
            declared=len(self.declared),
            planned=self.cases,
            repeats=self.spec.repeats,
            stops=stops,
            clusters=len({one[over] for one in labels}) if over else 0,
        )


def forecast(
    spec: Spec,
    target: Model,
    cases: Sequence[Case],
    *,
    declared: Sequence[Case] | None = None,
    full: bool = False,
) -> Forecast:
    """Calls, tokens and money of asking ``cases`` of the ``declared`` ones; nothing is asked.

    ``full``: whatever the gates could decide before.
    """
    kind = kinds.get(spec.kind).kind
    least = most = prompt_tokens = images = output_tokens = 0
    for case in cases:
        low, high = kind.calls(case, spec)
        least += low * spec.repeats
        most += high * spec.repeats
        opening = kind.opening(case, spec, target)
        prompt_tokens += (tokens(opening) if opening else 0) * high * spec.repeats
        images += images_in(opening) * high * spec.repeats
        output_tokens += longest(opening, spec) * high * spec.repeats
    controls = declared_controls(spec, target).controls
    told = [one for one in controls if one.reply is None]
    least, most = least + len(told), most + len(told)
    for control in told:
        opening = kind.opening(control.case, spec, control.target)
        prompt_tokens += tokens(opening) if opening else 0
        images += images_in(opening)
        output_tokens += longest(opening, spec)
    judge_most = 0 if is_judge(target) else _judge_calls(spec)  # a judge under audit: the cases' own calls
    judged = len(cases) * spec.repeats + len(controls) + len(spec.canaries)
    return Forecast(
        spec=spec,
        target=target,
        cases=len(cases),
        calls_least=least,
        calls_most=most,
        judge_calls_most=judge_most * judged,
        input_tokens=prompt_tokens,
        output_tokens=output_tokens,
        cost_usd=_price(target, prompt_tokens, output_tokens),
        asked=tuple(cases),
        declared=tuple(cases if declared is None else declared),
        images=images,
        full=full,
        control_calls=len(told),
    )


# --- what is asked beside the targets -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside(Counts):
    """The counts of one model that a spec asks beside its targets: once, however many these are."""

    model: Model


def beside(forecasts: Sequence[Forecast]) -> list[Beside]:
    """Of each spec every reference, control or member of a panel that is not a target of it anyway.

    Most calls are those of the target of which most cases are planned.
    """
    found: list[Beside] = []
    for path in dict.fromkeys(one.spec.path for one in forecasts):
        of_spec = [one for one in forecasts if one.spec.path == path]
        targets = {one.target.alias for one in of_spec}
        widest = max(of_spec, key=lambda one: one.cases)
        found += [_beside(widest, model) for model in asked_beside(widest.spec) if model.alias not in targets]
    return found


def _beside(item: Forecast, model: Model) -> Beside:
    spec, kind = item.spec, kinds.get(item.spec.kind).kind
    repeats = 1 if getattr(kind, "asks_beside_once", False) else spec.repeats
    least = most = prompt_tokens = images = 0
    for case in item.asked:
        low, high = kind.calls(case, spec)
        least, most = least + low * repeats, most + high * repeats
        opening = kind.opening(case, spec, model)
        prompt_tokens += (tokens(opening) if opening else 0) * high * repeats
        images += images_in(opening) * high * repeats
    output_tokens = most * spec.sampling.max_tokens
    judged = model.alias in {one.alias for one in getattr(kind, "judged_beside", _none)(spec)}
    return Beside(
        spec=spec,
        model=model,
        calls_least=least,
        calls_most=most,
        judge_calls_most=_judge_calls(spec) * len(item.asked) * repeats if judged else 0,
        input_tokens=prompt_tokens,
        output_tokens=output_tokens,
        cost_usd=_price(model, prompt_tokens, output_tokens),
        images=images,
    )


def _none(_spec: Spec) -> Sequence[Model]:
    return ()


def _judge_calls(spec: Spec) -> int:
    """At most how many calls one verdict takes."""
    return judges.get(spec.judge.name).declared(spec.judge.options).calls[1] if spec.judge else 0


def _price(model: Model, input_tokens: int, output_tokens: int) -> float | None:
    price = model.price
    return (input_tokens * price.input + output_tokens * price.output) / 1e6 if price else None


def longest(opening: Request | None, spec: Spec) -> int:
    """How many tokens a reply may have: where a kind asks for fewer than its spec allows, those."""
    return (opening.sampling if opening else spec.sampling).max_tokens


def tokens(request: Request) -> int:
    """About how many tokens the prompt has; a rule of thumb, no tokenizer is loaded."""
    text = "".join(message.text for message in request.messages)
    wide = sum(1 for character in text if ord(character) >= 0x2E80)
    return wide + math.ceil((len(text) - wide) / LETTERS_PER_TOKEN)


def images_in(request: Request | None) -> int:
    return sum(len(message.images) for message in request.messages) if request else 0


def lines(
    forecasts: Sequence[Forecast], *, concurrency: int, latency_s: Callable[[Model], float | None]
) -> Iterator[str]:
    """The plan in words, a block a target, and one for what is asked beside the targets of a spec."""
    for item in forecasts:
        yield f"{item.spec.path} on {item.target.alias}: {item.cases} cases"
        yield f"  calls     {_span(item.calls_least, item.calls_most)}{_judging(item)}"
        left_out = ", ".join(("without the chat template's own", *_images(item)))
        told = f"about {item.input_tokens:,} in (first prompts, {left_out})"
        yield f"  tokens    {told}, at most {item.output_tokens:,} out"
        yield f"  cost      {_cost(item)}"
        yield f"  time      {_minutes(item, concurrency, latency_s(item.target))}"
        for gate in item.spec.gates:
            yield from _gate(gate, item, concurrency, latency_s(item.target))
        if item.spec.gates and item.asking_ends_early:
            yield "  the asking ends when the last gate has decided; each gate's numbers are its own"
    others = beside(forecasts)
    for path in dict.fromkeys(one.spec.path for one in others):
        yield f"{path} beside the targets, asked once for all of them"
        for one in others:
            if one.spec.path == path:
                yield from _beside_lines(one, concurrency, latency_s(one.model))
    if any(item.spec.gates for item in forecasts):
        yield from textwrap.wrap(_LEGEND, 80)
    counted: Sequence[Forecast | Beside] = (*forecasts, *others)
    total = sum(one.calls_most + one.judge_calls_most for one in counted)
    count = f"{len(forecasts)} {'target' if len(forecasts) == 1 else 'targets'}"
    yield f"in all: {count}, at most {total:,} calls. Nothing was asked."


def _beside_lines(one: Beside, concurrency: int, latency_s: float | None) -> Iterator[str]:
    calls = f"{_span(one.calls_least, one.calls_most)} calls{_judging(one)}"
    yield f"  {one.model.alias}: {calls}"
    told = " ".join(("in", *(f"({images})" for images in _images(one))))
    yield f"    tokens  about {one.input_tokens:,} {told}, at most {one.output_tokens:,} out"
    yield f"    cost    {_cost_of(one)}"
    yield f"    time    {_minutes(one, concurrency, latency_s)}"


def _images(item: Counts) -> Iterator[str]:
    """What the tokens of prompts leave out, where there is such a thing."""
    if item.images:
        yield f"without {item.images:,} {'image' if item.images == 1 else 'images'}"


def _gate(gate: Gate, item: Forecast, concurrency: int, latency_s: float | None) -> Iterator[str]:
    """What decides the gate; and for some true rates what that takes, with the chance of each verdict."""
    if gate.baseline is not None or gate.across is not None:
        yield f"  gate {gate.name}: {plan_words(gate)}"
        return
    statistic = statistic_of(gate)
    if statistic.cell is None:
        yield f"  gate {gate.name}: decided when the set is complete"
        return
    decides = power(gate, len(item.declared) * item.spec.repeats, scale=statistic.scale)
    yield f"  gate {gate.name}: {decides}"
    try:
        told = outlook(gate, item.asking(gate), scale=statistic.scale)
    except ValueError as error:
        yield f"    {error}"
        return
    yield _HEAD
    for row in told.rows:
        yield _row(row, gate, statistic.scale, item, latency_s and latency_s / concurrency)
    for note in told.notes:
        yield from textwrap.wrap(note, 80, initial_indent="    ", subsequent_indent="      ")


_HEAD = (
    f"    {'true':>6} {'calls':>6} {'95 %':>6} {'USD':>8} {'95 %':>8} "
    f"{'min':>6} {'95 %':>6} {'pass':>6} {'fail':>6} {'open':>6}"
)
_LEGEND = (
    "true: the rate that the whole set would show; calls, at most so many USD (replies as long as allowed) "
    "and minutes: expected, and what 95 % of runs stay within; pass, fail, open (inconclusive): chances, if "
    "every call is answered."
)


def _row(
    row: Power, gate: Gate, scale: tuple[float, float], item: Forecast, seconds_per_call: float | None
) -> str:
    calls = [item.calls(cases) for cases in (row.calls, row.calls_95)]
    money = [_dollars(item, one) for one in calls]
    minutes = ["?" if seconds_per_call is None else f"{one * seconds_per_call / 60:.1f}" for one in calls]
    chances = [f"{100 * chance:.0f} %" for chance in (row.passes, row.fails, row.inconclusive)]
    rate = float(shown_rate(gate, row.rate, scale=scale))
    return (
        f"    {round(rate, 3):>6g} {calls[0]:>6,.0f} {calls[1]:>6,.0f} {money[0]:>8} {money[1]:>8} "
        f"{minutes[0]:>6} {minutes[1]:>6} {chances[0]:>6} {chances[1]:>6} {chances[2]:>6}"
    )


def _dollars(item: Forecast, calls: float) -> str:
    """As if every reply were as long as allowed."""
    if item.cost_usd is None or not item.calls_most:
        return "?" if item.target.base_url else "none"
    return f"{item.cost_usd * calls / item.calls_most:,.2f}"


def _span(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _judging(item: Counts) -> str:
    return f", and up to {item.judge_calls_most:,} to the judge" if item.judge_calls_most else ""


def _cost(item: Forecast) -> str:
    if is_judge(item.target):
        return "unknown: the judge writes its own prompts" if item.calls_most else "none: no call is made"
    return _cost_of(item)


def _cost_of(item: Forecast | Beside) -> str:
    model = item.target if isinstance(item, Forecast) else item.model
    more = ", and what images cost" if item.images else ""
    more += ", and what the judge's calls cost" if item.judge_calls_most else ""
    if item.cost_usd is not None:
        return f"at most about ${item.cost_usd:,.2f}{more}"
    return f"{'unknown: the card has no price' if model.base_url else 'none: no paid endpoint'}{more}"


def _minutes(item: Counts, concurrency: int, latency_s: float | None) -> str:
    if not item.calls_most:
        return "none: no call is made"
    if latency_s is None:
        return "unknown: no call to this model is in the store yet"
    minutes = item.calls_most * latency_s / min(concurrency, max(1, item.calls_most)) / 60
    return (
        f"about {minutes:.1f} min, {concurrency} calls at a time of {latency_s:.1f} s (median in the store)"
    )
