"""What was asked and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from distill_tests.record.values import Record
from distill_tests.registry import providers
from distill_tests.types import Exchange, Model, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a run or a part of it asked and spent.  ``cost_usd`` None: a price is not known.

    Tokens and cost are those of the calls made; a reply from the store or a recording costs nothing.
    ``oldest_reused`` is when the oldest reply from the store was received (UTC, ISO 8601).
    """

    made: int = 0
    from_store: int = 0
    recorded: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    oldest_reused: str | None = None

    @classmethod
    def of(cls, counters: object) -> Totals:
        """The totals among the attributes of an engine's counters."""
        return cls(**{item.name: getattr(counters, item.name) for item in fields(cls)})

    def __add__(self, other: Totals) -> Totals:
        known = self.cost_usd is not None and other.cost_usd is not None
        dates = [date for date in (self.oldest_reused, other.oldest_reused) if date is not None]
        return Totals(
            made=self.made + other.made,
            from_store=self.from_store + other.from_store,
            recorded=self.recorded + other.recorded,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
            oldest_reused=min(dates, default=None),
        )


def totals_of(record: Record) -> Totals:
    """What one record says was spent on it."""
    return Totals(
        **record["calls"],
        input_tokens=record["tokens"]["input"],
        output_tokens=record["tokens"]["output"],
        cost_usd=record["cost_usd"],
        oldest_reused=record["oldest_reused"],
    )


def spent_on(exchanges: Sequence[Exchange], target: Model) -> dict[str, Any]:
    """What a record says was spent on ``exchanges``, and who served the target's."""
    total = sum(map(_exchange_totals, exchanges), Totals())
    served = [
        exchange.reply.served_model for exchange in exchanges if exchange.request.model.alias == target.alias
    ]
    return {
        "served": list(dict.fromkeys(name for name in served if name)),
        "calls": {"made": total.made, "from_store": total.from_store, "recorded": total.recorded},
        "tokens": {"input": total.input_tokens, "output": total.output_tokens},
        "cost_usd": total.cost_usd,
        "oldest_reused": total.oldest_reused,
    }


def _exchange_totals(exchange: Exchange) -> Totals:
    reply, model = exchange.reply, exchange.request.model
    if reply.from_store:
        return Totals(from_store=1, oldest_reused=reply.received_at)
    if not _trait(model, "stores", absent=True):
        return Totals(recorded=1)
    usage = reply.usage
    return Totals(
        made=1,
        input_tokens=usage.input_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        cost_usd=_cost_usd(model, reply),
    )


def _cost_usd(model: Model, reply: Reply) -> float | None:
    if _trait(model, "embedded", absent=False):
        return 0.0
    if model.price is None or reply.usage is None:
        return None
    usage, price = reply.usage, model.price
    return (usage.input_tokens * price.input + usage.output_tokens * price.output) / 1_000_000


def _trait(model: Model, name: str, *, absent: bool) -> bool:
    """What the model's provider class says of itself (``stores``, ``embedded``)."""
    if model.provider not in providers:
        return absent
    return bool(getattr(providers.get(model.provider).make, name, absent))
