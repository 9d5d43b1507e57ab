"""Every exception the project raises on purpose.

DistillError
├── SpecError            what a person wrote is wrong: every problem at once, each with its place
├── UnknownName          a kind, provider, judge, statistic or reporter that is not registered
├── MissingExtra         an optional dependency is not installed: says which extra brings it
├── DataError            a data file or a row of it cannot be used
│   └── BadRows          every row of a file that cannot be used, each with its place
├── NotStored            --replay, and the store has no such reply
├── Stopped              the run is being interrupted; nothing more is asked
└── ProviderError        no usable reply; never scored
    ├── Transient        worth another attempt, perhaps after ``retry_after`` seconds
    ├── Refused          the endpoint will answer none of its calls (wrong key, unknown model)
    └── EmptyReply       an empty completion, an API refusal: asked, and nothing to judge
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distill_tests.types import Place


class DistillError(Exception):
    """The base of all of them; its message is meant for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in what a person wrote: ``place: what (got …); allowed``."""

    place: Place
    what: str
    got: str | None = None
    allowed: str | None = None

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}"
        if self.got is not None:
            text += f" (got {self.got})"
        if self.allowed:
            text += f"; {self.allowed}"
        return text


class SpecError(DistillError):
    """Mistakes in specs, cards or packs; ``problems`` holds all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotForTarget(SpecError):
    """The spec cannot be put to this target: an error, unless ``--target`` chose the target."""


class UnknownName(DistillError):
    """``near`` holds registered names that look like it."""

    def __init__(self, what: str, name: str, near: Sequence[str], known: Sequence[str]) -> None:
        self.what, self.name, self.near, self.known = what, name, tuple(near), tuple(known)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
        super().__init__(f"unknown {what} {name!r}; {hint}")


class MissingExtra(DistillError):
    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}. Install it with: pip install 'distill-tests[{extra}]'")


class DataError(DistillError):
    """A data file that cannot be used; the message starts with ``path:line:``."""


class BadRows(DataError):
    """Rows of a data file that cannot be used; ``problems`` holds each with its line."""

    def __init__(self, message: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


class NotStored(DistillError):
    """--replay found no stored reply for a request."""


class Stopped(DistillError):
    """The run is being interrupted."""


class ProviderError(DistillError):
    """The provider gave no usable reply.  ``receipt`` helps to find the call (request id, status)."""

    def __init__(self, message: str, *, receipt: str | None = None) -> None:
        super().__init__(message)
        self.receipt = receipt


class Transient(ProviderError):
    """Worth another attempt (429, 5xx, a broken connection, a time-out)."""

    def __init__(self, message: str, *, retry_after: float | None = None, receipt: str | None = None) -> None:
        super().__init__(message, receipt=receipt)
        self.retry_after = retry_after


class Refused(ProviderError):
    """The endpoint refuses every call: wrong key, unknown model, no such weights.

    ``sent`` is False where that was known before anything was sent (no key, no SDK).
    """

    def __init__(self, message: str, *, receipt: str | None = None, sent: bool = True) -> None:
        super().__init__(message, receipt=receipt)
        self.sent = sent


class EmptyReply(ProviderError):
    """A completion without text, or an API-level refusal: never scored as an answer."""
