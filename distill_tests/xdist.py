"""Under pytest-xdist a target's cases and gates stay on one worker, and nothing is asked twice.

Concurrency needs no ``-n``: the engine has it.  This only makes ``-n`` right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from xdist.scheduler import LoadScheduling, LoadScopeScheduling

_OURS = re.compile(r"\.ya?ml::")


def is_ours(nodeid: str) -> bool:
    return _OURS.search(nodeid) is not None


class LoadTargetScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    def _split_scope(self, nodeid: str) -> str:
        """``file::target`` for our items, the item itself for others."""
        return "::".join(nodeid.split("::")[:2]) if is_ours(nodeid) else nodeid


class TargetScheduling:
    """xdist's own load scheduling until a worker's collection shows one of our items.

    An ordinary project's run stays what it was; with a spec in it, the work is dealt by target.
    """

    def __init__(self, config: Any, log: Any) -> None:
        self._config, self._log = config, log
        self._dealer: Any = LoadScheduling(config, log)
        self._decided = False

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        if not self._decided:
            self._decided = True
            if any(is_ours(nodeid) for nodeid in collection):
                by_target = LoadTargetScheduling(self._config, self._log)
                for known in self._dealer.nodes:
                    by_target.add_node(known)
                self._dealer = by_target
        self._dealer.add_node_collection(node, collection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dealer, name)

    def __getattribute__(self, name: str) -> Any:
        """The class is the dealer's, too: xdist prints its name."""
        return type(self._dealer) if name == "__class__" else super().__getattribute__(name)
