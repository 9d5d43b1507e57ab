"""What a report says of asking a case again: how often it came back, and the command that asks it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from distill_tests.display import visible
from distill_tests.subjects import is_judge
from distill_tests.types import Model, Spec


def came_back(wrong: Sequence[bool | None]) -> str:
    """Such as ``came back in 2 of 3 trials (1 and 3)``; empty for one trial, or where none went wrong.

    A trial with None has no verdict; it is said, and never counted as one that did not come back.
    """
    bad = [str(number) for number, one in enumerate(wrong, start=1) if one]
    if len(wrong) < 2 or not bad:
        return ""
    which = "" if len(bad) == len(wrong) else _listed(bad)
    unscored = sum(one is None for one in wrong)
    beside = "; ".join(filter(None, [which, f"{unscored} without a verdict" if unscored else ""]))
    return f"came back in {len(bad)} of {len(wrong)} trials" + (f" ({beside})" if beside else "")


def _listed(numbers: Sequence[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"


def again(node: str, spec: Spec, target: Model) -> str:
    """The command that asks this one case anew, from pytest's root directory, quoted for a POSIX shell."""
    listed = target.target if spec.targets == "all" else target.alias in spec.targets
    own = listed or is_judge(target)
    named = target.alias if target.alias in spec.models else f"{target.provider}:{target.model}"
    words = ["pytest", node, *([] if own else [f"--distill-target={named}"]), "--distill-refresh"]
    return visible(shlex.join(words))
