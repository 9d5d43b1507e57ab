"""The digit tree: the mean over the numbers a model could have written, and how much of that is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.judges._expected_published import published
from distill_tests.judges._expected_reading import Unusable, spelled, statements
from distill_tests.judges._expected_tree import (
    Doubtful,
    Expected,
    Reach,
    expected,
    longest_number,
    probabilities,
    reach,
    span,
    step_of,
)
from distill_tests.types import Reply, TokenLogprob
from tests.scored_tokens import log, reply, split, token, whole


def reached(given_reply: Reply, name: str = "overall") -> Reach:
    stated = statements(given_reply.text, (name,))[name]
    start = spelled(given_reply.logprobs or (), name, stated.number)
    return reach(start.nodes, longest=start.longest)


def scored(given_reply: Reply, name: str = "overall") -> Expected:
    found = expected(reached(given_reply, name))
    assert found is not None
    return found


# --- whole-number tokens --------------------------------------------------------------------------


def test_whole_number_tokens_give_their_mean() -> None:
    found = scored(whole("85", {"85": 0.5, "90": 0.3, "80": 0.2}))
    assert found.value == pytest.approx(0.5 * 85 + 0.3 * 90 + 0.2 * 80)
    assert found.mass == pytest.approx(1)
    assert (found.low, found.high) == pytest.approx((found.value, found.value))


def test_what_is_no_number_is_not_captured_and_bounds_say_so() -> None:
    found = scored(whole("85", {"85": 0.6, "eighty": 0.4}))
    assert (found.value, found.mass) == pytest.approx((85, 0.6))
    assert (found.low, found.high) == pytest.approx((51, 91))


@pytest.mark.parametrize("merged", [" 85", "$85", ": 85", "**85"])
def test_a_token_that_merges_the_words_before_with_the_digits_is_read(merged: str) -> None:
    other = merged.replace("85", "95")
    stem = ("FINAL", " SCORE") if merged.startswith(":") else ("FINAL", " SCORE", ":")
    found = scored(reply("Good.", "\n", *stem, token(merged, {merged: 0.5, other: 0.5})))
    assert (found.value, found.mass) == pytest.approx((90, 1))


def test_alternatives_spelled_in_two_ways_count_together() -> None:
    found = scored(reply("\nFINAL SCORE:", token(" 80", {" 80": 0.4, "80": 0.4, " 20": 0.2})))
    assert found.value == pytest.approx(68)
    assert found.mass == pytest.approx(1)


def test_a_short_number_is_whole_where_the_tokenizer_is_seen_to_write_two_digits_at_once() -> None:
    found = reached(whole("8", {"8": 0.5, "12": 0.5}))
    assert found.values == {8: pytest.approx(0.5), 12: pytest.approx(0.5)}


def test_100_as_10_and_0_is_told_from_10() -> None:
    given_reply = reply(
        "\nFINAL SCORE: ", token("10", {"10": 0.8, "95": 0.2}), token("0", {"0": 0.75, "\n": 0.25}), "\n"
    )
    found = reached(given_reply)
    assert found.values == {100: pytest.approx(0.6), 10: pytest.approx(0.2), 95: pytest.approx(0.2)}
    assert found.depth == 2


def test_10_that_was_not_looked_into_may_be_100_unless_the_tokenizer_writes_three_digits_at_once() -> None:
    alternatives = {"95": 0.7, "10": 0.3}
    assert dict(reached(whole("95", alternatives)).open) == {"10": pytest.approx(0.3)}
    told = reply("All 100 of them", "100", "\nFINAL SCORE: ", token("95", alternatives))
    assert reached(told).values[10] == pytest.approx(0.3)


# --- split digits ---------------------------------------------------------------------------------


def test_split_digits_are_walked_and_the_rest_stays_open() -> None:
    given_reply = split(
        ("8", {"8": 0.9, "7": 0.1}), ("5", {"5": 0.5, "0": 0.3, "2": 0.2}), ("\n", {"\n": 1.0})
    )
    found = reached(given_reply)
    assert found.values == {85: pytest.approx(0.45), 80: pytest.approx(0.27), 82: pytest.approx(0.18)}
    assert found.open == {"7": pytest.approx(0.1)}
    mean = scored(given_reply)
    assert mean.mass == pytest.approx(0.9)
    captured = 85 * 0.5 + 80 * 0.3 + 82 * 0.2
    assert mean.low == pytest.approx(0.9 * captured + 0.1 * 7)
    assert mean.high == pytest.approx(0.9 * captured + 0.1 * 79)
    assert mean.value == mean.high, "the mean of what is known, 82.9, cannot be that of the whole"


def test_the_published_rule_takes_the_first_digit_for_the_score() -> None:
    """What the tree is for: the published rule is silently wrong on such tokenizers."""
    tokens = (token("$"), token("8", {"8": 0.9, "7": 0.1}), token("5"), token("$"))
    assert published(tokens, "overall").value == pytest.approx(7.9)


def test_a_single_digit_is_a_score_as_far_as_the_number_ends_there() -> None:
    found = reached(split(("8", {"8": 1.0}), ("\n", {"\n": 0.6, "5": 0.3, ".": 0.1})))
    assert found.values == {8: pytest.approx(0.6), 85: pytest.approx(0.3)}
    assert found.mass == pytest.approx(0.9), "8.5 is no number of the scale"


@pytest.mark.parametrize("end", ["\n", "", "<|im_end|>", "</s>", "<end_of_turn>", " ", "**"])
def test_a_number_ends_with_white_space_markup_or_a_special_token(end: str) -> None:
    tokens = split(("8", {"8": 1.0}), (end, {end: 1.0})).logprobs or ()
    start = spelled(tokens, "overall", 8)
    assert reach(start.nodes, longest=start.longest).values == {8: pytest.approx(1)}


def test_100_of_three_tokens() -> None:
    found = reached(
        split(("1", {"1": 1.0}), ("0", {"0": 0.9, "5": 0.1}), ("0", {"0": 0.8, "\n": 0.2}), ("\n", {"\n": 1}))
    )
    assert found.values == {100: pytest.approx(0.72), 10: pytest.approx(0.18), 15: pytest.approx(0.1)}


def test_0_is_complete_and_no_number_begins_with_it() -> None:
    found = reached(split(("0", {"0": 1.0}), ("\n", {"\n": 0.9, "5": 0.1})))
    assert found.values == {0: pytest.approx(1)}


@pytest.mark.parametrize("text", ["85.", "85th", "85/1", "８５", "-85", "857"])
def test_an_alternative_that_is_no_number_of_the_scale_is_not_captured(text: str) -> None:
    assert reached(whole("40", {"40": 0.5, text: 0.5})).values == {40: pytest.approx(0.5)}


@pytest.mark.parametrize(
    ("texts", "longest"),
    [
        (["8", "5"], 1),
        ([" 85"], 2),
        (["$100$"], 3),
        (["2024"], 3),
        (["<0x20>", "bytes:\\xe2\\x80", "abc12", ""], 1),
    ],
)
def test_the_tokenizer_is_told_by_tokens_that_are_numbers(texts: list[str], longest: int) -> None:
    assert longest_number(texts) == longest


# --- which statement ------------------------------------------------------------------------------


def test_the_numbers_of_the_last_statement_count() -> None:
    given_reply = reply(
        "FINAL SCORE: ",
        token("20", {"20": 1.0}),
        "\nOn reflection:\n",
        "FINAL SCORE: ",
        token("70", {"70": 0.5, "80": 0.5}),
    )
    assert scored(given_reply).value == 75


def test_a_thinking_part_among_the_tokens_is_not_read() -> None:
    inner = reply("<think>", "FINAL SCORE: ", token("10"), "</think>", "\nFINAL SCORE: ", token("60"))
    seen = spelled(inner.logprobs or (), "overall", 60)
    assert reach(seen.nodes, longest=2).values == {60: pytest.approx(1)}


def test_tokens_that_do_not_spell_the_statement_are_doubtful() -> None:
    tokens = reply("FINAL SCORE: ", "40").logprobs or ()
    with pytest.raises(Doubtful):
        spelled(tokens, "overall", 50)
    with pytest.raises(Doubtful):
        spelled((token("nothing"),), "overall", 50)


# --- probabilities --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "top", [(("8", 0.5),), (("8", math.nan),), (("8", -0.1), ("9", -0.1)), (("8", math.inf),)]
)
def test_logprobs_that_are_no_probabilities_are_doubtful(top: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(Doubtful):
        probabilities(TokenLogprob(token="8", logprob=-0.1, top=top))


def test_the_generated_token_counts_once_even_where_it_is_not_among_the_alternatives() -> None:
    found = dict(probabilities(TokenLogprob(token="3", logprob=log(0.1), top=(("8", log(0.6)),))))
    assert found == {"8": pytest.approx(0.6), "3": pytest.approx(0.1)}
    assert len(probabilities(TokenLogprob(token="8", logprob=log(0.6), top=(("8", log(0.6)),)))) == 1


# --- laws -----------------------------------------------------------------------------------------

SHARES = st.dictionaries(
    st.sampled_from([str(n) for n in range(103)] + [" ", "\n", ".", "abc", "007", "", "-5"]),
    st.floats(0.001, 1),
    min_size=1,
    max_size=20,
)


def shares(given_shares: Mapping[str, float], mass: float) -> dict[str, float]:
    total = sum(given_shares.values())
    return {text: mass * share / total for text, share in given_shares.items()}


@settings(deadline=None)
@given(SHARES, SHARES, SHARES, st.floats(0.01, 1), st.integers(1, 3))
def test_the_mean_is_on_the_scale_within_its_bounds_and_no_mass_is_made_up(
    first: Any, second: Any, third: Any, mass: float, longest: int
) -> None:
    nodes = {
        prefix: [step_of(text, p) for text, p in shares(given_shares, mass).items()]
        for prefix, given_shares in (("", first), ("1", second), ("10", third))
    }
    found = reach(nodes, longest=longest)
    assert found.mass + math.fsum(found.open.values()) <= 1 + 1e-9
    mean = expected(found)
    if mean is None:
        assert not found.values
        return
    assert 0 <= mean.low <= mean.value <= mean.high <= 100
    assert 0 < mean.mass <= 1


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 100), st.floats(0.01, 1), min_size=1, max_size=20), st.floats(-6, 0))
def test_a_shift_of_all_logprobs_moves_the_mass_and_not_the_mean(
    given_shares: dict[int, float], shift: float
) -> None:
    plain = shares({str(n): share for n, share in given_shares.items()}, 1.0)
    number = next(iter(plain))

    def mean(shifted: float) -> Expected:
        top = tuple((text, log(p) + shifted) for text, p in plain.items())
        nodes = {
            "": [
                step_of(*pair)
                for pair in probabilities(TokenLogprob(token=number, logprob=dict(top)[number], top=top))
            ]
        }
        found = expected(reach(nodes, longest=3))
        assert found is not None
        return found

    assert mean(shift).value == pytest.approx(mean(0).value)
    assert mean(shift).mass == pytest.approx(mean(0).mass * math.exp(shift))


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 100), st.floats(0.01, 1), min_size=1, max_size=30))
def test_a_tree_that_was_looked_into_everywhere_gives_the_mean_of_whole_numbers(
    given_shares: dict[int, float],
) -> None:
    plain = {int(n): p for n, p in shares({str(n): s for n, s in given_shares.items()}, 1.0).items()}
    nodes: dict[str, list[Any]] = {}
    for prefix in {str(n)[:end] for n in plain for end in range(3)}:
        below = {n: p for n, p in plain.items() if str(n).startswith(prefix)}
        total = sum(below.values())
        alternatives: dict[str, float] = {}
        for number, p in below.items():
            further = str(number)[len(prefix) : len(prefix) + 1]
            alternatives[further or "\n"] = alternatives.get(further or "\n", 0) + p / total
        nodes[prefix] = [step_of(text, p) for text, p in alternatives.items()]
    found = expected(reach(nodes, longest=1))
    assert found is not None
    assert found.value == pytest.approx(sum(n * p for n, p in plain.items()))
    assert found.mass == pytest.approx(1)


def following(truth: Mapping[int, float], begun: str, *, splits: bool) -> dict[str, float]:
    """The next token after the digits so far, with its share of the whole probability."""
    found: dict[str, float] = {}
    for value, p in truth.items():
        if str(value).startswith(begun) and (splits or not begun or str(value) == begun):
            rest = str(value)[len(begun) :]
            text = (rest[:1] if splits else rest) or "\n"
            found[text] = found.get(text, 0.0) + p
    return found


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 100), st.floats(0.001, 1), min_size=1, max_size=60),
    st.floats(0, 0.3),
    st.integers(1, 20),
    st.booleans(),
    st.data(),
)
def test_of_a_known_distribution_no_value_gets_too_much_and_the_true_mean_is_within_the_bounds(
    given_shares: dict[int, float], other: float, kept: int, splits: bool, data: Any
) -> None:
    """A reply as an API tells it, by a model of which all probabilities are known; ``other``: no number."""
    truth = {int(n): p for n, p in shares({str(n): s for n, s in given_shares.items()}, 1 - other).items()}
    number = data.draw(st.sampled_from(sorted(truth)))
    tokens = [token("10" if not splits else "1"), token(" dogs.\n"), token("FINAL SCORE"), token(": ")]
    begun = ""
    for piece in (*(str(number) if splits else [str(number)]), "\n"):
        likely = following(truth, begun, splits=splits) | ({} if begun else {"eight": other})
        whole = sum(likely.values())
        likeliest = sorted(likely.items(), key=lambda pair: -pair[1])[:kept]
        told = tuple((text, log(p / whole)) for text, p in likeliest if p > 0)
        tokens.append(TokenLogprob(token=piece, logprob=log(likely[piece] / whole), top=told))
        begun += piece
    start = spelled(tokens, "overall", number)
    found = reach(start.nodes, longest=start.longest)
    assert all(p <= truth[value] + 1e-9 for value, p in found.values.items())
    mean = expected(found)
    assert mean is not None
    least = sum(value * p for value, p in truth.items())
    assert mean.low <= least + 1e-6
    assert mean.high >= least + 100 * other - 1e-6


@pytest.mark.parametrize(
    ("prefix", "least_and_most"), [("8", (8, 89)), ("1", (1, 100)), ("10", (10, 100)), ("", (0, 100))]
)
def test_what_a_beginning_leaves_open(prefix: str, least_and_most: tuple[int, int]) -> None:
    assert span(prefix) == least_and_most


# --- the published rule ---------------------------------------------------------------------------


def test_the_published_rule_takes_the_first_marker_and_the_next_five_alternatives() -> None:
    alternatives = {"85": 0.4, "90": 0.2, "80": 0.1, " 70": 0.1, "the": 0.05, "60": 0.05}
    found = published((token("score is "), token("$"), token("85", alternatives), token("$")), "overall")
    assert found.value == pytest.approx((85 * 0.4 + 90 * 0.2 + 80 * 0.1) / 0.7)
    assert found.mass == pytest.approx(0.7)


def test_the_published_rule_is_fooled_by_a_price_in_the_reason() -> None:
    tokens = (token("costs $"), token("5"), token(". score is $"), token("85"))
    assert published(tokens, "overall").value == 5


def test_the_published_rule_reads_each_dimension_after_its_greek_letter() -> None:
    tokens = (
        token("α"),
        token("70"),
        token("α β"),
        token("60"),
        token("ψ"),
        token("50"),
        token("δ"),
        token("40"),
    )
    names = ("accuracy", "completeness", "conciseness", "relevance")
    assert [published(tokens, name).value for name in names] == [70, 60, 50, 40]


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (None, "gave no logprobs"),
        ((), "gave no logprobs"),
        ((token("85"),), "no token with the marker '$'"),
        ((token("$"),), "before the last one"),
        ((token("$"), token("x", {"x": 0.5, " 85": 0.5})), "none of the alternatives after the marker"),
        ((token("$8"), token("5x")), "none of the alternatives after the marker"),
    ],
)
def test_where_the_published_rule_gives_no_score_it_is_none(tokens: Any, said: str) -> None:
    with pytest.raises(Unusable) as caught:
        published(tokens, "overall")
    assert said in str(caught.value)
