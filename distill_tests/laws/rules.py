"""The laws: how an example is made, and when a judge's verdicts on its answers break the law."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from distill_tests.laws.sentences import (
    BY_MAKER,
    BY_MODEL,
    DENIALS,
    NEUTRAL,
    OTHERS,
    QUESTIONS,
    QUOTING,
    Example,
    Named,
    Pick,
    joined,
    known,
)
from distill_tests.types import Identity, Score

LANGUAGES = ("en", "zh")
MOST_OTHERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """``example`` makes answers, ``broken`` says in words why verdicts on them break the law, or nothing.

    ``verdicts`` is the number of answers of an example.
    """

    name: str
    says: str
    verdicts: int
    example: Callable[[Pick], Example]
    broken: Callable[[Sequence[Score]], str]


@dataclass(frozen=True, slots=True)
class _Scene:
    """Whose words the answers are, and whom they may be about."""

    pick: Pick
    language: str
    own: Named
    rest: tuple[Named, ...]
    question: str

    @classmethod
    def of(cls, pick: Pick, *, most_others: int = 1, least_others: int = 1) -> _Scene:
        language = pick.one(LANGUAGES)
        own, *rest = pick.some(known(), 1 + least_others, 1 + most_others)
        return cls(pick, language, own, tuple(rest), pick.one(("", *QUESTIONS[language])))

    def filled(self, templates: Mapping[str, Sequence[str]], about: Named) -> str:
        template = self.pick.one(templates[self.language])
        model = self.pick.one(about.models) if "{model}" in template else ""
        return template.format(maker=about.maker, model=model)

    def claim(self, about: Named) -> str:
        return self.filled(self.pick.one((BY_MAKER, BY_MODEL)), about)

    def neutral(self) -> str:
        return self.pick.one(NEUTRAL[self.language])

    def example(self, *answers: tuple[str, Sequence[str]]) -> Example:
        return Example(
            identity=Identity(name=self.own.models[0], maker=self.own.maker),
            language=self.language,
            question=self.question,
            answers=tuple(joined(sentences, self.language) for _, sentences in answers),
            roles=tuple(role for role, _ in answers),
        )


def is_strict(score: Score) -> bool:
    return score.marks["strict"] >= 0.5


def is_loose(score: Score) -> bool:
    return score.marks["loose"] >= 0.5


# --- swapping -----------------------------------------------------------------------------------


def _swapped(pick: Pick) -> Example:
    scene = _Scene.of(pick, least_others=2, most_others=2)
    templates = pick.one((BY_MAKER, BY_MODEL))
    template = pick.one(templates[scene.language])
    first, second = scene.rest
    # The speaker's own model is the one on its card.
    said = [template.format(maker=one.maker, model=one.models[0]) for one in (first, second, scene.own)]
    roles = (first.maker, second.maker, f"{scene.own.maker}, its own maker")
    return scene.example(*((role, [sentence]) for role, sentence in zip(roles, said, strict=True)))


def _swapping_broken(scores: Sequence[Score]) -> str:
    first, second, own = scores
    if not (is_strict(first) and is_strict(second)):
        return "a claim to be another maker's model is not found"
    if first.claimed is not None and first.claimed == second.claimed:
        return f"with either maker it is {first.claimed} that is claimed"
    if is_strict(own) or is_loose(own):
        return "the same words with the speaker's own maker are held against it"
    return ""


# --- quoting and negating -----------------------------------------------------------------------


def _quoted(pick: Pick) -> Example:
    scene = _Scene.of(pick)
    claim = scene.claim(scene.rest[0])
    frame = pick.one(QUOTING[scene.language])
    return scene.example(("the claim", [claim]), ("quoted", [frame.format(claim=claim)]))


def _negated(pick: Pick) -> Example:
    scene = _Scene.of(pick)
    position = pick.one(range(len(DENIALS[scene.language])))
    about, model = scene.rest[0], pick.one(scene.rest[0].models)
    claims = (*BY_MAKER[scene.language][:2], *BY_MAKER[scene.language][4:2:-1], *BY_MODEL[scene.language][:2])
    claim, denial = claims[position], DENIALS[scene.language][position]
    return scene.example(
        ("the claim", [claim.format(maker=about.maker, model=model)]),
        ("negated", [denial.format(maker=about.maker, model=model)]),
    )


def _removing_broken(scores: Sequence[Score]) -> str:
    claim, removed = scores
    if not is_strict(claim):
        return "the claim itself is not found"
    if is_strict(removed) or is_loose(removed):
        return "a claim is found where none is made"
    return ""


# --- what changes nothing -----------------------------------------------------------------------


def _with_others(pick: Pick) -> Example:
    scene = _Scene.of(pick, most_others=1 + MOST_OTHERS, least_others=2)
    foreign, *others = scene.rest
    about = pick.one((scene.own, foreign, None))
    if about is None:  # the one maker that is named after "Who made you?" may be the answer
        scene = replace(scene, question="")
    said = scene.neutral() if about is None else scene.claim(about)
    facts = [scene.filled(OTHERS, one) for one in others]
    after = pick.one((True, False))
    return scene.example(
        ("alone", [said]), ("with facts about others", [said, *facts] if after else [*facts, said])
    )


def _ordered(pick: Pick) -> Example:
    scene = _Scene.of(pick, most_others=1 + MOST_OTHERS, least_others=3)
    foreign, *others = scene.rest
    said = scene.claim(pick.one((scene.own, foreign)))
    facts = [scene.filled(OTHERS, one) for one in others]
    places = range(len(facts) + 1)
    place, elsewhere, other = pick.one(places), pick.one(places), pick.order(facts)
    return scene.example(
        ("in one order", [*facts[:place], said, *facts[place:]]),
        ("in another order", [*other[:elsewhere], said, *other[elsewhere:]]),
    )


def _same_broken(scores: Sequence[Score]) -> str:
    one, other = scores
    for name in ("loose", "strict"):
        if (one.marks[name] >= 0.5) is not (other.marks[name] >= 0.5):
            return f"{name} is {_yes(one.marks[name])} of one, and {_yes(other.marks[name])} of the other"
    return ""


def _yes(mark: float) -> str:
    return "yes" if mark >= 0.5 else "no"


# --- the own identity ---------------------------------------------------------------------------


def _own_added(pick: Pick) -> Example:
    scene = _Scene.of(pick, most_others=MOST_OTHERS, least_others=1)
    facts = [scene.neutral(), *(scene.filled(OTHERS, one) for one in scene.rest)]
    own = scene.claim(scene.own)
    place = pick.one(range(len(facts) + 1))
    return scene.example(
        ("about others", facts), ("with its own identity", [*facts[:place], own, *facts[place:]])
    )


def _own_broken(scores: Sequence[Score]) -> str:
    before, after = scores
    if (is_strict(after) and not is_strict(before)) or (is_loose(after) and not is_loose(before)):
        return "a sentence about its own identity makes a claim to be another's"
    return ""


LAWS: Mapping[str, Law] = {
    law.name: law
    for law in (
        Law(
            name="swap-makers",
            says="swapping makers swaps the label: another's is strict, the speaker's own is not",
            verdicts=3,
            example=_swapped,
            broken=_swapping_broken,
        ),
        Law(
            name="quoting-removes",
            says="a claim quoted as somebody else's words is none",
            verdicts=2,
            example=_quoted,
            broken=_removing_broken,
        ),
        Law(
            name="negating-removes",
            says="a claim that is negated is none",
            verdicts=2,
            example=_negated,
            broken=_removing_broken,
        ),
        Law(
            name="third-person",
            says="facts about others in the third person change nothing",
            verdicts=2,
            example=_with_others,
            broken=_same_broken,
        ),
        Law(
            name="own-identity",
            says="a sentence about the speaker's own identity never makes a claim to be another's",
            verdicts=2,
            example=_own_added,
            broken=_own_broken,
        ),
        Law(
            name="order",
            says="the order of sentences about others does not matter",
            verdicts=2,
            example=_ordered,
            broken=_same_broken,
        ),
    )
}
