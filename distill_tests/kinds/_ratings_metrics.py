"""The offline metrics of rated captions, beside which a judge is shown: none asks a model."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from distill_tests.captions.cider import Captioned, cider_d
from distill_tests.captions.metrics import METRICS, metric
from distill_tests.ratings.items import RatedItem

CIDER: Final = "cider_d"
LENGTH: Final = "brevity"
"""The control: minus the number of words, in effect."""
METRIC_NAMES: Final = (*METRICS, CIDER)
MOST_FOR_CIDER: Final = 20_000
"""Items of a set up to which CIDEr-D is worked out: it holds the runs of words of all references at once."""


class OfflineMetrics:
    """Scores by metric of the items of one set; CIDEr-D, which needs all of them, is worked out once."""

    def __init__(self, items: Sequence[RatedItem], names: Sequence[str]) -> None:
        self._items, self._names = items, tuple(names)
        self._lock = threading.Lock()

    def scores(self, item: RatedItem) -> dict[str, float]:
        """What each metric gives; one that cannot score the caption (no word, no reference) is absent."""
        found = {}
        for name in self._names:
            value = self._cider(item) if name == CIDER else _score(name, item)
            if value is not None:
                found[name] = value
        return found

    def _cider(self, item: RatedItem) -> float | None:
        with self._lock:
            return self._all_cider.get(item.id)

    @cached_property
    def _all_cider(self) -> Mapping[str, float]:
        usable = [item for item in self._items if item.references and _score(LENGTH, item) is not None]
        if len(usable) > MOST_FOR_CIDER:
            return {}
        try:
            scores = cider_d([Captioned(item.caption, item.references) for item in usable])
        except ValueError:  # an item whose references hold no word
            return {}
        return {item.id: score for item, score in zip(usable, scores, strict=True)}


def _score(name: str, item: RatedItem) -> float | None:
    try:
        return metric(name, item.caption, item.references)
    except ValueError:
        return None
