"""A panel of candidate teachers, and what is known of the models that are put before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from distill_tests.errors import DataError

BaseUse: TypeAlias = Literal["aside", "project", "keep"]


@dataclass(frozen=True, slots=True)
class Panel:
    """Candidate teachers: ``members`` by maker, in the order given.

    Raises DataError where there are fewer than two makers, a maker without name or member, or a model that
    stands there twice.
    """

    members: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        if not all(maker.strip() for maker in self.members):
            raise DataError("panel: a maker without a name")
        if empty := [maker for maker, models in self.members.items() if not models]:
            raise DataError(f"panel: maker {empty[0]!r} has no member")
        if len(self.members) < 2:
            raise DataError(
                f"panel: {len(self.members)} maker; nearest is a comparison, it takes two makers or more"
            )
        seen: dict[str, str] = {}
        for maker, models in self.members.items():
            for model in models:
                if model in seen:
                    where = (
                        f"twice under {maker!r}" if seen[model] == maker else f"{seen[model]!r} and {maker!r}"
                    )
                    raise DataError(f"panel: {model!r} stands there more than once ({where}); once is enough")
                seen[model] = maker

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(model for models in self.members.values() for model in models)

    @property
    def makers(self) -> tuple[str, ...]:
        """The maker of each of :attr:`models`."""
        return tuple(maker for maker, models in self.members.items() for _ in models)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the models that are compared, and how it is used.

    ``bases``: the maker of a model's base model.  Likeness to it has an explanation, so ``base_use`` says
    what becomes of its members: *aside* (not candidates; whether one of them would stand first is
    reported), *project* (also, what they explain of the others is projected out), *keep* (candidates;
    naming one is reported as *base*).  ``siblings``: panel members of a model's own family, which are never
    counted as its teacher.
    """

    bases: Mapping[str, str] = field(default_factory=dict)
    siblings: Mapping[str, Collection[str]] = field(default_factory=dict)
    base_use: BaseUse = "aside"
