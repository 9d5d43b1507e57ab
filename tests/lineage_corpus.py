"""Made-up makers with tics of their own, and models that copy them: seeded word salad."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

PROMPTS = tuple(f"p{number:02}" for number in range(40))
MAKERS = ("ash", "birch", "cedar", "elm", "fir", "oak")
PANEL: Mapping[str, Sequence[str]] = {maker: (f"{maker}-1", f"{maker}-2") for maker in MAKERS}

_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "pa", "ri", "so", "tu", "ve", "za")
_OPENINGS = (
    "Sure",
    "Well",
    "Indeed",
    "Here you go",
    "As asked",
    "Certainly",
    "To begin",
    "In short",
    "Right",
)
_JOINTS = ("and", "while", "because", "however", "which is why", "so that", "although", "moreover", "then")
_ENDS = (".", "!", ";", " -", "...", ".\n", ".\n\n- ")


def word(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4)))


def sentences(maker: str, prompt: str) -> list[str]:
    """What ``maker`` has to say on ``prompt``: its wording of the prompt's topic, with its own tics."""
    topic = random.Random(f"topic {prompt}")
    words = [word(topic) for _ in range(25)]
    tics = random.Random(f"tics {maker}")
    joints, ends = tics.sample(_JOINTS, 3), tics.sample(_ENDS, 2)
    rng = random.Random(f"{maker} {prompt}")

    def sentence() -> str:
        first, second = " ".join(rng.sample(words, 4)), " ".join(rng.sample(words, 3))
        return f"{first} {rng.choice(joints)} {second}{rng.choice(ends)}"

    return [sentence() for _ in range(10)]


def answer(model: str, prompt: str, sources: Mapping[str, float], length: int = 8) -> str:
    """Each sentence from one of ``sources`` (maker: share); what is left of 1 is the model's own wording."""
    rng = random.Random(f"answer {model} {prompt}")
    makers, shares = [*sources, model], [*sources.values(), max(0.0, 1.0 - sum(sources.values()))]
    opener = rng.choices(makers, shares)[0]
    opening = random.Random(f"opening {opener}").choice(_OPENINGS)
    said = [rng.choice(sentences(rng.choices(makers, shares)[0], prompt)) for _ in range(length)]
    return f"{opening}, {' '.join(said)}"


def model(name: str, sources: Mapping[str, float], length: int = 8) -> dict[str, str]:
    return {prompt: answer(name, prompt, sources, length) for prompt in PROMPTS}


def panel_responses() -> dict[str, dict[str, str]]:
    """Two members a maker, each half its maker's wording."""
    return {member: model(member, {maker: 0.5}) for maker, members in PANEL.items() for member in members}
