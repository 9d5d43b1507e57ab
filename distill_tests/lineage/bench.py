"""A panel before which one model after the other is put: scores, null models, attributions."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from distill_tests.lineage.attribution import Attribution, Ranked
from distill_tests.lineage.nulls import Null, p_value
from distill_tests.lineage.overlaps import Overlaps
from distill_tests.lineage.panel import Known, Panel
from distill_tests.lineage.scores import (
    READINGS,
    Means,
    drawn_prompts,
    length_slope,
    means,
    projected_out,
    readings,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST_PROMPTS: Final = 30
SAME_ANSWER: Final = 0.5
"""Answers to different prompts that are alike above this are one answer, more or less."""

MOSTLY_REPEATED: Final = 0.6
"""Of an answer's runs of three tokens; above it the answers are one text, or the prompts, over again."""

FEWEST_SHARED: Final = 0.5
"""Of a model's answers; a member that answered fewer of the same prompts is no candidate for it."""

BESIDE_THE_POINT: Final = 0.2
"""Of what the median member's answers share with others' on the same prompt; below it prompts are ignored."""


class Nearest(NamedTuple):
    maker: str
    similarity: float


class _Scored(NamedTuple):
    members: list[int]
    values: Array  # draw x member
    parts: Array  # reading x member, of all prompts


class Bench:
    """A panel with its overlaps, before which one model after the other is put."""

    def __init__(self, found: Overlaps, panel: Panel, *, draws: int, level: float, seed: int) -> None:
        self.found, self.panel, self._level = found, panel, level
        self._draws, self._seed = draws, seed
        self._makers = panel.makers
        self._whole = means(found)
        answered = found.answered.astype(int)
        self._shared: NDArray[np.int_] = answered.T @ answered[:, : found.members]
        self._slopes: dict[tuple[int, ...], float] = {}

    @cached_property
    def _resampled(self) -> Means:
        weights = drawn_prompts(len(self.found.prompts), draws=self._draws, seed=self._seed)
        return means(self.found, weights)

    def missing(self, place: int) -> int:
        return int((~self.found.answered[:, place]).sum())

    def own_nulls(self) -> tuple[Null, ...]:
        """Each member of the panel, scored without the members of its maker; none with two makers."""
        return self.nulls_of(dict(zip(self.panel.models, self._makers, strict=True)))

    def nulls_of(self, makers: Mapping[str, str]) -> tuple[Null, ...]:
        """The models of ``makers``, each scored without its maker; of those that can be compared."""
        placed = {model: self.found.models.index(model) for model in makers}
        return tuple(
            self.null(place, makers[model])
            for model, place in placed.items()
            if self._trouble(place) is None and self._compares(self._candidates(place, (makers[model],), ()))
        )

    def null(self, place: int, own: str, base: str | None = None) -> Null:
        """The model at ``place`` without the makers ``own`` and ``base``."""
        nearest = self.nearest(place, without=(own, base))
        return Null(self.found.models[place], own, nearest.maker, nearest.similarity)

    def nearest(
        self, place: int, *, without: Collection[str | None] = (), siblings: Collection[str] = ()
    ) -> Nearest:
        """The maker that is nearest to the model at ``place`` when some are no candidates."""
        chosen = self._candidates(place, without, siblings)
        values = self._scored(place, chosen).values[0]
        best = int(values.argmax())
        return Nearest(self._makers[chosen[best]], float(values[best]))

    def _compares(self, chosen: Sequence[int]) -> bool:
        return len({self._makers[member] for member in chosen}) > 1

    def attribution(
        self, model: str, known: Known, nulls: Sequence[Null], *, at_most: float, unmatched: int
    ) -> Attribution:
        place = self.found.models.index(model)
        base, siblings = known.bases.get(model), known.siblings.get(model, ())
        aside = base if known.base_use != "keep" else None
        chosen = self._candidates(place, (aside,), siblings)
        if not self._compares(chosen):
            return self._without_candidates(place, unmatched)
        projected = aside if known.base_use == "project" else None
        scored = self._scored(place, chosen, projected, draws=True)
        ranking = self._ranking(place, scored, nulls)
        best = ranking[0]
        unlike_any = self._trouble(place)
        trouble = unlike_any or _not_outstanding(best, nulls, at_most, candidates=len(chosen))
        named = None if trouble else best.maker
        is_base = named is not None and named == base
        base_first = base in self._makers and self.nearest(place, siblings=siblings).maker == base
        return Attribution(
            model=model,
            nearest=named,
            is_base=is_base,
            base_first=base_first,
            p=best.p,
            ranking=ranking,
            prompts=len(self.found.prompts) - self.missing(place),
            missing=self.missing(place),
            unmatched=unmatched,
            short=self.found.short[place],
            cut=self.found.cut[place],
            reason=trouble or _named(best, is_base=is_base),
            comparable=unlike_any is None,
            notes=tuple(self._notes(place, scored, best, base, aside, siblings, base_first=base_first)),
        )

    def _without_candidates(self, place: int, unmatched: int) -> Attribution:
        return Attribution(
            model=self.found.models[place],
            nearest=None,
            is_base=False,
            base_first=False,
            p=1.0,
            ranking=(),
            prompts=len(self.found.prompts) - self.missing(place),
            missing=self.missing(place),
            unmatched=unmatched,
            short=self.found.short[place],
            cut=self.found.cut[place],
            reason="fewer than two makers are left to compare with once its own family and the maker of its "
            "base model are set aside",
            comparable=False,
        )

    def _candidates(
        self, place: int, without: Collection[str | None], siblings: Collection[str]
    ) -> list[int]:
        names = self.panel.models
        return [
            member
            for member in range(self.found.members)
            if member != place
            and self._makers[member] not in without
            and names[member] not in siblings
            and self._answered_enough(place, member)
        ]

    def _answered_enough(self, place: int, member: int) -> bool:
        """Whether a member answered enough of the prompts that the model at ``place`` answered."""
        shared, own = int(self._shared[place, member]), int(self.found.answered[:, place].sum())
        return shared >= FEWEST_SHARED * own and bool(self.found.answered[:, member].any())

    def _scored(
        self, place: int, chosen: list[int], projected: str | None = None, *, draws: bool = False
    ) -> _Scored:
        """The scores over the members ``chosen``; row 0 is of all prompts."""
        import numpy as np

        apart = [member for member, maker in enumerate(self._makers) if maker == projected]
        slope = self._slope(tuple(chosen))

        def of(whole: Means) -> Array:
            left = projected_out(whole, apart) if apart else whole
            return readings(left, place, chosen, self._makers, slope)

        parts = of(self._whole)
        values = parts.mean(axis=0)
        if draws:
            values = np.concatenate([values, of(self._resampled).mean(axis=0)])
        return _Scored(chosen, values, parts[:, 0])

    def _slope(self, members: tuple[int, ...]) -> float:
        if members not in self._slopes:
            self._slopes[members] = length_slope(self._whole, members, self._makers)
        return self._slopes[members]

    def _ranking(self, place: int, scored: _Scored, nulls: Sequence[Null]) -> tuple[Ranked, ...]:
        import numpy as np

        side = 50.0 * (1.0 - self._level)
        lows, highs = np.percentile(scored.values[1:], [side, 100.0 - side], axis=0)
        rows = [
            Ranked(
                maker=self._makers[member],
                member=self.panel.models[member],
                similarity=round(value, 4),
                low=round(min(float(low), value), 4),
                high=round(max(float(high), value), 4),
                p=p_value(value, nulls),
                cosine=round(float(self._whole.words[0, place, member]), 4),
            )
            for member, value, low, high in zip(
                scored.members, scored.values[0].tolist(), lows, highs, strict=True
            )
        ]
        return tuple(sorted(rows, key=lambda row: (-row.similarity, row.member)))

    def _trouble(self, place: int) -> str | None:
        """Why nothing can be said of a model's answers, whatever they are nearest to."""
        used = len(self.found.prompts) - self.missing(place)
        if used < FEWEST_PROMPTS:
            asked = len(self.found.prompts)
            return f"too few answers: {used} of {asked} prompts, at least {FEWEST_PROMPTS} are needed"
        if self.found.sameness[place] > SAME_ANSWER:
            return (
                f"its answers to different prompts are nearly the same (mean cosine "
                f"{self.found.sameness[place]:.2f}, at most {SAME_ANSWER:g})"
            )
        repeated = self.found.repeated[place]
        if repeated > MOSTLY_REPEATED:
            return (
                "its answers are mostly one text, or the prompts, over again "
                f"({repeated:.0%} of their runs of three tokens, at most {MOSTLY_REPEATED:.0%})"
            )
        usual = statistics.median(float(value) for value in self.found.to_the_point[: self.found.members])
        if usual <= 0 or self.found.to_the_point[place] < BESIDE_THE_POINT * usual:
            return "its answers have hardly more in common with the panel's on the same prompt than on others"
        return None

    def _notes(
        self,
        place: int,
        scored: _Scored,
        best: Ranked,
        base: str | None,
        aside: str | None,
        siblings: Collection[str],
        *,
        base_first: bool,
    ) -> list[str]:
        """What a reader should know who takes the ranking further than it goes."""
        notes = list(self._left_out(place, siblings))
        if base is not None and base not in self._makers:
            notes.append(f"the maker of its base model, {base}, is none of the panel; nothing was set aside")
        if aside in self._makers:
            first = "would stand first" if base_first else "would not stand first"
            notes.append(f"set aside as the maker of its base model: {aside}, which {first}")
        tops = {
            name: self._makers[scored.members[int(part.argmax())]]
            for name, part in zip(READINGS, scored.parts, strict=True)
        }
        if other := [f"{maker} by {name}" for name, maker in tops.items() if maker != best.maker]:
            notes.append(f"readings disagree: {', '.join(other)}")
        return notes

    def _left_out(self, place: int, siblings: Collection[str]) -> Iterator[str]:
        """Members that are no candidates for the model at ``place``, and why."""
        names = self.panel.models
        if out := sorted(set(siblings) & set(names)):
            yield f"own family, not counted: {', '.join(out)}"
        if strange := sorted(set(siblings) - set(names)):
            yield f"named as its siblings, but no members of the panel: {', '.join(strange)}"
        few = [
            f"{name} {self._shared[place, member]}"
            for member, name in enumerate(names)
            if not self._answered_enough(place, member)
        ]
        if few:
            own = len(self.found.prompts) - self.missing(place)
            yield f"no candidates, for too few answers to its {own} prompts: {', '.join(few)}"


def highest_of(candidates: int) -> float:
    """The most that one of so many values with mean 0 and standard deviation 1 can be."""
    return float(max(0, candidates - 1) ** 0.5)


def _not_outstanding(best: Ranked, nulls: Sequence[Null], at_most: float, *, candidates: int) -> str | None:
    if 1 / (len(nulls) + 1) > at_most:
        return f"{len(nulls)} null models cannot give p of {at_most:g} or less, whatever is nearest"
    highest = highest_of(candidates)
    if p_value(highest, nulls) > at_most:
        return (
            f"{candidates} candidates are too few: none can stand out by more than {highest:.2f}, and more "
            f"than {at_most:.0%} of the null models do"
        )
    if best.p > at_most:
        as_near = sum(null.similarity >= best.similarity for null in nulls)
        return (
            f"no maker stands out: {as_near} of {len(nulls)} null models are as near to a maker not theirs "
            f"(p = {best.p:.3f}, at most {at_most:g})"
        )
    return None


def _named(best: Ranked, *, is_base: bool) -> str:
    words = f"its answers are nearest to {best.maker}'s ({best.member}), p = {best.p:.3f}"
    return f"{words}; that is the maker of its base model" if is_base else words
