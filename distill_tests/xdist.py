"""Under pytest-xdist a target's cases and gates stay on one worker, and nothing is asked twice.

Concurrency needs no ``-n``: the engine has it.  This only makes ``-n`` right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from xdist.scheduler import LoadScheduling, LoadScopeScheduling

_OURS = re.compile(r"\.ya?ml::")
_ACROSS = re.compile(r"^(.*\.ya?ml)::all::gate-")


def is_ours(nodeid: str) -> bool:
    return _OURS.search(nodeid) is not None


def files_across(nodeids: Iterable[str]) -> frozenset[str]:
    """The spec files with a gate over all of their targets."""
    return frozenset(found[1] for nodeid in nodeids if (found := _ACROSS.match(nodeid)))


class LoadTargetScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Deals by target; by file where a gate looks across its targets, so that it finds their answers."""

    _across: frozenset[str] | None = None

    def _split_scope(self, nodeid: str) -> str:
        """``file::target`` or the file for our items, the item itself for others."""
        if not is_ours(nodeid):
            return nodeid
        if self._across is None:
            self._across = files_across(self.collection or ())
        file = nodeid.split("::")[0]
        return file if file in self._across else "::".join(nodeid.split("::")[:2])


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
