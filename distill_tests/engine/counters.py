"""What a run has asked, got and paid so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from distill_tests.types import Model, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Numbers of one process of a run.

    ``made``: requests sent to a model, each once, however often it was tried (``retries`` counts the
    other times), and not those that were refused before they were sent; ``from_store``: replies of
    other runs, each once, however often it was asked for; ``recorded``: replies of recordings.  Tokens
    and ``cost_usd`` are those of the requests made; the cost is ``None`` where a price or a usage is
    missing.  ``waiting`` for a slot, ``in_flight`` on the way.  ``oldest_reused``: when the oldest
    reply of another run was received (UTC, ISO 8601).
    """

    made: int = 0
    from_store: int = 0
    recorded: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    in_flight: int = 0
    waiting: int = 0
    retries: int = 0
    oldest_reused: str | None = None


class Count:
    """Counts as things happen; written by the loop thread only."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._made = self._recorded = 0
        self._from_store: set[str] = set()
        self._input_tokens = self._output_tokens = 0
        self._cost_microusd: float | None = 0.0
        self._oldest_reused: float | None = None
        self._served: dict[str, tuple[str, ...]] = {}

    def sent(self) -> None:
        self._made += 1

    def not_sent(self) -> None:
        """What was counted as sent was refused before it was."""
        self._made -= 1

    def replied(self, model: Model, reply: Reply, *, embedded: bool) -> None:
        """A reply to a request that was made: its tokens, its cost and who served it."""
        if reply.usage is not None:
            self._input_tokens += reply.usage.input_tokens
            self._output_tokens += reply.usage.output_tokens
        cost = _cost_microusd(model, reply, embedded=embedded)
        if self._cost_microusd is not None:
            self._cost_microusd = None if cost is None else self._cost_microusd + cost
        served = self._served.get(model.alias, ())
        if reply.served_model is not None and reply.served_model not in served:
            self._served[model.alias] = (*served, reply.served_model)

    def recorded(self) -> None:
        self._recorded += 1

    def reused(self, fingerprint: str, received_at: float) -> None:
        """A reply of another run, received at that time (epoch seconds)."""
        self._from_store.add(fingerprint)
        self._oldest_reused = min(received_at, self._oldest_reused or received_at)

    def served(self) -> dict[str, tuple[str, ...]]:
        return dict(self._served)

    def counters(self, *, waiting: int, retries: int) -> Counters:
        oldest = self._oldest_reused
        return Counters(
            made=self._made,
            from_store=len(self._from_store),
            recorded=self._recorded,
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            cost_usd=None if self._cost_microusd is None else self._cost_microusd / 1e6,
            in_flight=self.in_flight,
            waiting=waiting,
            retries=retries,
            oldest_reused=None if oldest is None else iso(oldest),
        )


def iso(epoch_s: float) -> str:
    """``2025-03-01T12:00:00+00:00``."""
    return datetime.fromtimestamp(epoch_s, tz=UTC).isoformat(timespec="seconds")


def _cost_microusd(model: Model, reply: Reply, *, embedded: bool) -> float | None:
    if model.price is None or reply.usage is None:
        return 0.0 if embedded else None
    usage = reply.usage
    return usage.input_tokens * model.price.input + usage.output_tokens * model.price.output
