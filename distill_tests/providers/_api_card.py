"""What a card may say of how an API is asked."""

from __future__ import annotations

from collections.abc import Iterator, Set

from distill_tests.errors import Refused
from distill_tests.registry import CardProblem
from distill_tests.types import Model


def check_params(model: Model, *, of_the_request: Set[str], not_read: Set[str]) -> None:
    """Raise Refused for params that would make a report of what was asked untrue.

    ``of_the_request`` are decided by spec and case, ``not_read`` would give a reply of a shape that is
    not read.
    """
    decided = sorted(of_the_request & set(model.params))
    if decided:
        raise Refused(
            f"{model.provider}: params of {model.alias}: {', '.join(decided)} is for the spec to say, "
            "under sampling"
        )
    unread = sorted(not_read & set(model.params))
    if unread:
        raise Refused(f"{model.provider}: params of {model.alias}: {', '.join(unread)} is not supported")


def param_problems(model: Model, *, of_the_request: Set[str], not_read: Set[str]) -> Iterator[CardProblem]:
    """What :func:`check_params` refuses, each at its key."""
    for name in model.params:
        if name in of_the_request:
            what, allowed = (
                f"{name!r} is not for a card's params",
                "it is for the spec to say, under sampling",
            )
            yield CardProblem(at=("params", name), what=what, allowed=allowed)
        elif name in not_read:
            yield CardProblem(
                at=("params", name), what=f"{name!r} is not supported in params", allowed="remove it"
            )
