"""Which letter a model takes to be likeliest, whatever its tokenizer makes of letters."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.errors import EmptyReply
from distill_tests.kinds._exam_likelihood import Letters, letter_of, likeliest, why_unreadable
from distill_tests.kinds._exam_prompt import messages
from distill_tests.providers._llama_wire import reply_of
from distill_tests.registry import providers
from distill_tests.types import Model, Reply, Request, Sampling, TokenLogprob

from .exam_items import asked, item
from .local_weights import smollm2

LETTERS = ("A", "B", "C", "D")


def first_token(**probabilities: float) -> TokenLogprob:
    return of_pairs(list(probabilities.items()))


def of_pairs(pairs: list[tuple[str, float]]) -> TokenLogprob:
    top = tuple((text, math.log(probability)) for text, probability in pairs)
    return TokenLogprob(token=top[0][0], logprob=top[0][1], top=top)


@pytest.mark.parametrize(
    "token",
    ["B", " B", "\nB", "▁B", "ĠB", "ĊB", "B.", "(B", "(B)", "**B", " **B**", "Ｂ", "（Ｂ）", "【B】", "B、"],
)
def test_every_spelling_of_a_letter_counts(token: str) -> None:
    assert letter_of(token) == "B"


@pytest.mark.parametrize(
    "token", ["b", " a", "AB", "Because", "A-level", "", " ", "1", "答", "<A>", "ABCD", "�"]
)
def test_other_tokens_are_no_letter(token: str) -> None:
    assert letter_of(token) is None


def test_spellings_of_one_letter_are_added() -> None:
    found = likeliest(of_pairs([("A", 0.3), ("B", 0.2), (" B", 0.15), ("The", 0.1)]), LETTERS)
    assert found.letter == "B"
    assert found.probability == pytest.approx({"A": 0.3, "B": 0.35})
    assert found.told()["captured"] == pytest.approx(0.65)
    assert found.rest == pytest.approx(0.25)


def test_a_letter_that_no_option_has_is_not_chosen() -> None:
    assert likeliest(first_token(E=0.6, C=0.3, A=0.05), LETTERS).letter == "C"


def test_no_letter_among_the_alternatives_is_invalid_and_says_so() -> None:
    found = likeliest(first_token(The=0.6, I=0.2), LETTERS)
    assert found.letter is None
    assert found.rule == "no letter among 2 alternatives"
    assert not found.is_sure
    assert not found.tied


def test_equally_likely_letters_are_no_answer_and_the_tie_is_told() -> None:
    found = likeliest(of_pairs([("C", 0.3), ("B", 0.3), ("A", 0.2), ("The", 0.1)]), LETTERS)
    assert (found.letter, found.tied) == (None, ("B", "C"))
    assert found.rule == "B, C are equally likely"
    assert found.told()["tie"] is True


def test_tokens_that_are_spelled_alike_are_added() -> None:
    found = likeliest(of_pairs([("A", 0.3), ("B", 0.25), ("B", 0.2)]), LETTERS)
    assert found.letter == "B"
    assert found.probability["B"] == pytest.approx(0.45)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 5.0, 0.5, -9999.0])
def test_numbers_that_are_no_log_probabilities_are_not_read(wrong: float) -> None:
    token = TokenLogprob(token="B", logprob=wrong, top=(("B", wrong), ("A", -1.0)))
    assert "are none" in (why_unreadable((token,), None) or "")
    together = TokenLogprob(token="B", logprob=-0.1, top=(("B", -0.1), ("A", -0.1)))
    assert "above 1 together" in (why_unreadable((together,), None) or "")
    not_among_them = TokenLogprob(token="The", logprob=-9999.0, top=(("B", -0.5), ("A", -1.5)))
    assert why_unreadable((not_among_them,), None) is None
    minus_infinity = TokenLogprob(token="B", logprob=-0.1, top=(("B", -0.1), ("A", -math.inf)))
    assert why_unreadable((minus_infinity,), None) is None


def test_it_is_sure_only_where_what_was_not_returned_cannot_overtake() -> None:
    assert likeliest(first_token(A=0.5, B=0.3, The=0.15), LETTERS).is_sure
    unsure = likeliest(first_token(A=0.35, The=0.25), LETTERS)
    assert unsure.letter == "A"
    assert not unsure.is_sure
    assert unsure.least == pytest.approx(0.25)


def test_a_chosen_token_that_is_not_among_its_alternatives_counts_too() -> None:
    token = TokenLogprob(token="D", logprob=math.log(0.2), top=(("A", math.log(0.5)), ("B", math.log(0.1))))
    assert likeliest(token, LETTERS).probability == pytest.approx({"A": 0.5, "B": 0.1, "D": 0.2})


def test_without_alternatives_nothing_is_read() -> None:
    alone = TokenLogprob(token="A", logprob=-0.1, top=(("A", -0.1),))
    assert "gives no token log-probabilities" in (why_unreadable(None, None) or "")
    assert "gives no token log-probabilities" in (why_unreadable((), None) or "")
    assert "chosen token only" in (why_unreadable((alone,), None) or "")
    assert "thinks before it answers" in (why_unreadable((first_token(A=0.5, B=0.2),), "hm") or "")
    assert why_unreadable((first_token(A=0.5, B=0.2),), None) is None


@given(
    st.dictionaries(st.sampled_from(["A", " A", "B", "\nB", "C", "D", "the", "a"]), st.floats(0.001, 0.12)),
    st.permutations(["A", " A", "B", "\nB", "C", "D", "the", "a"]),
)
def test_the_order_of_the_alternatives_changes_nothing(told: dict[str, float], order: list[str]) -> None:
    if not told:
        return
    one = likeliest(of_pairs(list(told.items())), LETTERS)
    other = likeliest(of_pairs([(name, told[name]) for name in order if name in told]), LETTERS)
    assert one == other


@given(st.lists(st.floats(0.001, 0.2), min_size=4, max_size=4, unique=True), st.permutations([0, 1, 2, 3]))
def test_permuting_the_probabilities_permutes_the_letter(values: list[float], order: list[int]) -> None:
    one = likeliest(of_pairs(list(zip(LETTERS, values, strict=True))), LETTERS)
    moved = [values[place] for place in order]
    other = likeliest(of_pairs(list(zip(LETTERS, moved, strict=True))), LETTERS)
    assert one.letter is not None
    assert other.letter is not None
    assert LETTERS.index(one.letter) == order[LETTERS.index(other.letter)]


# --- on the embedded model ----------------------------------------------------------------------


def ended_at_once(logprobs: int | None) -> Reply:
    """What llama.cpp's server sends of a completion that ends with its first token."""
    first = {
        "token": "",
        "logprob": -0.4,
        "top_logprobs": [{"token": "", "logprob": -0.4}, {"token": " A", "logprob": -1.2}],
    }
    body = {
        "content": "",
        "stop_type": "eos",
        "tokens_predicted": 1,
        "tokens_evaluated": 9,
        "completion_probabilities": [first],
    }
    request = Request(model=smollm2_card(), messages=(), sampling=Sampling(max_tokens=1), logprobs=logprobs)
    return reply_of(request, "rendered", json.dumps(body).encode())


def smollm2_card() -> Model:
    return Model(alias="smol", provider="local", model="smol")


def test_an_end_at_once_can_be_read_where_there_are_logprobs_and_is_empty_where_there_are_none() -> None:
    reply = ended_at_once(20)
    assert reply.text == ""
    assert reply.logprobs is not None
    assert likeliest(reply.logprobs[0], LETTERS).letter == "A"
    with pytest.raises(EmptyReply):
        ended_at_once(None)


@pytest.mark.parametrize("ask_as", ["chat", "completion"])
def test_the_embedded_model_gives_the_likelihood_of_the_letters(
    ask_as: Literal["chat", "completion"],
) -> None:
    async def asked_once() -> list[Letters]:
        found = []
        one = asked(item(question="1 + 1 ="), answering="likelihood")
        for cached in (False, True):
            card = smollm2(ask_as=ask_as, options={"prompt_cache": cached})
            provider = providers.get("local").make(card)
            for _ in range(2):  # the second time the prompt is in the cache
                request = Request(
                    model=card, messages=messages(one, card), sampling=Sampling(max_tokens=1), logprobs=20
                )
                reply = await provider.send(request)
                assert reply.logprobs is not None
                found.append(likeliest(reply.logprobs[0], one.shown))
            await provider.aclose()
        return found

    first, *others = asyncio.run(asked_once())
    assert first.letter in LETTERS
    assert 0.0 < sum(first.probability.values()) <= 1.0 + 1e-6
    for other in others:
        assert other.letter == first.letter
        assert other.probability == pytest.approx(first.probability, abs=0.02)


def test_a_card_with_a_prompt_cache_is_another_model_for_the_store() -> None:
    plain, cached = smollm2(), smollm2(options={"prompt_cache": True})
    told = [dict(providers.get("local").make(card).identifies()) for card in (plain, cached)]
    assert told[1].pop("prompt_cache") is True
    assert told[0] == told[1]
