"""Judge models for tests: an ``ask`` that replies as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from distill_tests.conduct import judging
from distill_tests.errors import ProviderError
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Identity, JudgeUse, Model, Reply, Request, Score

JUDGE = Model(alias="judge", provider="scripted", model="judge-1", revision="7")
ATLAS = Identity(name="Atlas", maker="Example Lab", country=("Norway",))
ANSWER = Exhibit(
    answer="I am ChatGPT, made by OpenAI.", prompt="Who made you?", question="Who made you?", identity=ATLAS
)
PAIR = Exhibit(answer="Second text.", references=("First text.",), question="Say something.")

Told = Reply | str | Mapping[str, Any] | ProviderError


@dataclass
class Asked:
    """``reply`` gives what the judge model says to a request: a text, a verdict, a reply, or trouble."""

    reply: Callable[[Request], Told]
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        said = self.reply(request)
        if isinstance(said, ProviderError):
            raise said
        if isinstance(said, Reply):
            return said
        return Reply(text=said if isinstance(said, str) else json.dumps(said), finish="stop")


def always(said: Told) -> Asked:
    return Asked(lambda _request: said)


def by_sample(*said: Told) -> Asked:
    return Asked(lambda request: said[request.sample])


async def score(exhibit: Exhibit, asked: Asked, **options: Any) -> Score:
    """As an audit has it: through ``conduct.judging``."""
    return await judging(JudgeUse(name="rubric", options=options, model=JUDGE), ask=asked)(exhibit)


async def raw_score(exhibit: Exhibit, asked: Asked, **options: Any) -> Score:
    """Without what ``conduct`` does with trouble."""
    found = await judges.get("rubric").function(exhibit, ask=asked, model=JUDGE, **options)
    assert isinstance(found, Score)
    return found


def identity_verdict(
    contradiction: bool = True, other_maker: bool = True, claimed: str = "OpenAI", quote: str = ""
) -> dict[str, Any]:
    return {
        "explanation": f"It claims {claimed}.",
        "contradiction": contradiction,
        "other_maker": other_maker,
        "claimed": claimed,
        "quote": quote,
    }


CLEAN = identity_verdict(False, False, "none")


def alike(overall: int, *, style: int = 1) -> dict[str, Any]:
    return {"explanation": f"{overall} of 5.", "style": style, "logic": 1, "content": 1, "overall": overall}


def block_of(request: Request, name: str) -> str:
    """The text that a block of the prompt encodes; its lines are strings and notes."""
    text = request.messages[-1].text
    found = re.search(rf"^<<<{name} ([0-9a-f]+)>>>\n(.*)\n<<<end {name} \1>>>$", text, re.M | re.S)
    assert found is not None, f"no block {name}"
    return "".join(json.loads(line) for line in found[2].split("\n") if line.startswith('"'))
