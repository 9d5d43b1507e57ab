"""Exit statuses, and what a person is told on standard error."""

from __future__ import annotations

import sys
from typing import Final

from distill_tests.display import visible

OK: Final = 0
WRONG: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


def say(text: str) -> None:
    """``text`` on standard error, with whatever acts in a terminal made visible."""
    print(visible(text, newlines="keep"), file=sys.stderr)


def usage_error(message: str) -> int:
    say(f"distill-tests: error: {message}")
    return USAGE
