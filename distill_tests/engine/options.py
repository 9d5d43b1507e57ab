"""What an engine is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from distill_tests.store import Policy
from distill_tests.throttle import Clock, Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How to ask, and what stored replies may stand for asking.

    ``store_path`` ``None`` keeps replies in memory.  ``run_id`` is the same in all processes of a
    run.  ``concurrency`` is the number of slots per endpoint in this process.  ``redact`` is applied
    to every text of a reply or a provider's error before anything else sees it.  ``chance`` gives
    numbers in [0, 1) for the length of pauses between attempts.
    """

    store_path: Path | None
    run_id: str
    concurrency: int = 16
    replay: bool = False
    refresh: bool = False
    reuse: bool = False
    max_age_s: float | None = None
    deadline_s: float = 600.0
    attempts: int = 5
    redact: Callable[[str], str] = str
    clock: Clock = field(default_factory=Clock)
    chance: Callable[[], float] = random.random

    @property
    def policy(self) -> Policy:
        return Policy(replay=self.replay, refresh=self.refresh, reuse=self.reuse, max_age_s=self.max_age_s)

    @property
    def patience(self) -> Patience:
        return Patience(attempts=self.attempts, deadline_s=self.deadline_s)
