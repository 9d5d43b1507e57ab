"""``expected_score`` on the real SmolLM2-135M-Instruct, references only (skipped where it cannot run).

What such a small model thinks of a caption is worth nothing; these tests are about the digits.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from distill_tests.judging import judging
from distill_tests.registry import providers
from distill_tests.types import Exhibit, Image, JudgeUse, Model, Reply, Request, Score
from tests.local_weights import smollm2
from tests.scored_tokens import details

CAT = Exhibit(id="cat", answer="a cat asleep on a mat", references=("a grey cat on a mat",))
PROMPT = "How well does the caption fit the reference, from 0 to 100?\n{references}\n{caption}\n{output}\n"


class Scored(NamedTuple):
    score: Score
    exchanges: list[tuple[Request, Reply]]


def scored(model: Model, exhibit: Exhibit = CAT, **options: Any) -> Scored:
    exchanges: list[tuple[Request, Reply]] = []

    async def ask() -> Score:
        provider = providers.get("local").make(model)

        async def send(request: Request) -> Reply:
            reply = await provider.send(request)
            exchanges.append((request, reply))
            return reply

        try:
            use = JudgeUse(name="expected_score", options=options, model=model)
            return await judging(use, ask=send)(exhibit)
        finally:
            await provider.aclose()

    return Scored(asyncio.run(ask()), exchanges)


@pytest.fixture(scope="module")
def model() -> Model:
    return smollm2(options={"context": 768})


@pytest.fixture(scope="module")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A short one: the shipped prompts are 700 tokens, which takes a while on a busy core."""
    path: Path = tmp_path_factory.mktemp("prompts") / "short.txt"
    path.write_text(PROMPT, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def alone(model: Model, prompt: str) -> Scored:
    return scored(model, prompt=prompt, final="alone", least_mass=0.5)


def test_the_embedded_model_gives_a_score_by_the_digit_tree(alone: Scored) -> None:
    found = alone.score
    assert found.value is not None, found.reason
    assert 0 <= found.value <= 100
    assert details(found)["path"] == "digit_tree"
    mass = details(found)["captured_mass"]
    assert isinstance(mass, float)
    assert 0.5 <= mass <= 1


def test_each_further_call_goes_on_with_the_digits_so_far_and_tells_the_alternatives(
    alone: Scored,
) -> None:
    assert 1 <= len(alone.exchanges) <= 5
    for request, reply in alone.exchanges:
        begun = request.messages[-1].text
        assert reply.rendered is not None
        assert reply.rendered.rstrip().endswith(begun.rstrip())
        assert begun.startswith("FINAL SCORE: ")
        assert reply.logprobs
        assert len(reply.logprobs[0].top) == 20
    beginnings = [request.messages[-1].text.rpartition(": ")[2] for request, _ in alone.exchanges]
    assert beginnings[0] == ""
    assert len(set(beginnings)) == len(beginnings)


def test_reasons_that_were_cut_off_are_no_score(model: Model, prompt: str) -> None:
    found = scored(model, prompt=prompt, final="prompted", max_tokens=16)
    assert (found.score.value, found.score.label, len(found.exchanges)) == (None, "unscored", 1)


def test_a_reply_of_its_own_without_a_final_score_is_unscored(model: Model, prompt: str) -> None:
    found = scored(model, prompt=prompt, max_tokens=16, fallback_samples=0).score
    assert (found.value, found.label) == (None, "unscored")


def test_it_is_never_sent_an_image(model: Model, prompt: str) -> None:
    exhibit = Exhibit(
        answer="a cat", references=("a cat",), images=(Image(media_type="image/png", data=b"x"),)
    )
    found = scored(model, exhibit, evidence="both", prompt=prompt).score
    assert found.value is None
    assert "a local model is asked in text only" in found.reason
