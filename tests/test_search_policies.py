"""Seed selection: the laws of each policy, and values computed by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.search.draws import Draws
from distill_tests.search.policies import (
    POLICIES,
    AtRandom,
    Choice,
    Exp3,
    MctsExplore,
    Policy,
    RoundRobin,
    Ucb,
)

REWARDS = st.lists(st.floats(0, 1), min_size=1, max_size=40)


class Fixed(Draws):
    """Draws that always give the same fraction."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self._value = value

    def fraction(self) -> float:
        return self._value


NEVER_STOP, ALWAYS_STOP = Fixed(0.5), Fixed(0.05)


def rooted(policy: Policy, roots: int) -> Policy:
    for _ in range(roots):
        policy.grow(None)
    return policy


# --- MCTS-Explore ---------------------------------------------------------------------------------


def test_mcts_scores_are_the_published_formula() -> None:
    policy = rooted(MctsExplore(), 2)
    first = policy.select(NEVER_STOP)
    assert (first.node, first.numbers["uct"]) == (0, 0.0), "ln 1 is 0: the oldest of equals"
    policy.update(first, 0.5)
    second = policy.select(NEVER_STOP)
    assert second.node == 1
    assert second.numbers["uct"] == pytest.approx(0.5 * math.sqrt(2 * math.log(2) / 0.01), abs=1e-11)
    policy.update(second, 0.0)
    third = policy.select(NEVER_STOP)
    assert third.node == 0
    expected = 0.5 / (1 + 1) + 0.5 * math.sqrt(2 * math.log(3) / 1.01)
    assert third.numbers["uct"] == pytest.approx(expected, abs=1e-11)


def test_mcts_walks_down_to_a_child_and_stops_at_an_inner_node_one_time_in_ten() -> None:
    def tree() -> MctsExplore:
        policy = MctsExplore()
        policy.grow(None)
        policy.grow(0)
        policy.grow(1)
        return policy

    assert tree().select(NEVER_STOP).path == (0, 1, 2)
    assert tree().select(ALWAYS_STOP).path == (0,)
    depths = Counter(len(tree().select(Draws(1, number)).path) for number in range(4000))
    assert depths[1] / 4000 == pytest.approx(0.1, abs=0.02)
    assert depths[2] / 4000 == pytest.approx(0.09, abs=0.02)


@pytest.mark.parametrize(("level", "share"), [(0, 1.0), (1, 0.9), (3, 0.7), (8, 0.2), (12, 0.2)])
def test_mcts_rewards_every_node_of_the_path_less_the_deeper_the_choice(level: int, share: float) -> None:
    policy = MctsExplore()
    policy.grow(None)
    for parent in range(level):
        policy.grow(parent)
    choice = policy.select(NEVER_STOP)
    assert choice.path == tuple(range(level + 1))
    policy.update(choice, 0.5)
    for node in choice.path:
        alone = 0.5 * math.sqrt(2 * math.log(policy._step) / 1.01)
        assert policy._score(node) == pytest.approx(0.5 * share / 2 + alone)


# --- UCB ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 12), REWARDS)
def test_ucb_tries_every_node_once_before_it_repeats_one(nodes: int, rewards: list[float]) -> None:
    policy = rooted(Ucb(), nodes)
    chosen = []
    for number in range(nodes):
        choice = policy.select(Draws(0))
        chosen.append(choice.node)
        policy.update(choice, rewards[number % len(rewards)])
    assert sorted(chosen) == list(range(nodes))


def test_ucb_tries_a_new_node_next() -> None:
    policy = rooted(Ucb(), 2)
    for _ in range(5):
        policy.update(policy.select(Draws(0)), 1.0)
    policy.grow(0)
    assert policy.select(Draws(0)).node == 2


def test_ucb_scores_are_mean_and_exploration() -> None:
    policy = rooted(Ucb(), 2)
    policy.update(policy.select(Draws(0)), 1.0)
    policy.update(policy.select(Draws(0)), 0.25)
    third = policy.select(Draws(0))
    assert third.node == 0
    assert third.numbers["ucb"] == pytest.approx(1.0 + math.sqrt(2 * math.log(3)))


# --- EXP3 -----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60), st.integers(1, 8), st.integers())
def test_exp3_probabilities_cover_the_pool_sum_to_one_and_never_vanish(
    events: list[float | None], roots: int, seed: int
) -> None:
    policy, size = Exp3(), roots
    rooted(policy, roots)
    for number, event in enumerate(events):
        if event is None:
            policy.grow(0)
            size += 1
        else:
            policy.update(policy.select(Draws(seed, number)), event)
        assert len(policy.probabilities) == size
        assert math.fsum(policy.probabilities) == pytest.approx(1.0)
        assert min(policy.probabilities) >= 0.2 / size - 1e-12


def test_exp3_a_reward_raises_the_weight_by_the_published_factor() -> None:
    policy = Exp3()
    rooted(policy, 4)
    policy.update(Choice(1, (1,), {"probability": 0.25}), 1.0)
    factor = math.exp(0.2 * (1.0 / 0.25) / 4)
    expected = [0.8 * weight / (3 + factor) + 0.05 for weight in (1, factor, 1, 1)]
    assert policy.probabilities == pytest.approx(expected)


def test_exp3_a_new_node_has_the_mean_weight() -> None:
    policy = Exp3()
    rooted(policy, 2)
    for _ in range(20):
        policy.update(Choice(0, (0,), {"probability": 0.5}), 1.0)
    policy.grow(0)
    assert policy.probabilities[2] == pytest.approx(1 / 3)


def test_exp3_stands_rewards_that_would_overflow_its_weights() -> None:
    policy = Exp3()
    rooted(policy, 2)
    for _ in range(5000):
        policy.update(Choice(0, (0,), {"probability": 0.1}), 1.0)
    assert policy.probabilities == pytest.approx([0.9, 0.1])


# --- round robin, random --------------------------------------------------------------------------


def test_round_robin_goes_forward_takes_new_nodes_in_their_turn_and_starts_again() -> None:
    policy = rooted(RoundRobin(), 3)
    chosen = [policy.select(Draws(0)).node for _ in range(2)]
    policy.grow(0)
    chosen += [policy.select(Draws(0)).node for _ in range(4)]
    assert chosen == [0, 1, 2, 3, 0, 1]


def test_random_chooses_every_node_equally_often() -> None:
    policy = rooted(AtRandom(), 5)
    counts = Counter(policy.select(Draws(3, number)).node for number in range(5000))
    assert sorted(counts) == list(range(5))
    assert min(counts.values()) > 850
    assert max(counts.values()) < 1150


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_repeats_itself_from_the_same_draws_and_rewards(name: str) -> None:
    def chosen() -> list[tuple[int, ...]]:
        policy = rooted(POLICIES[name](), 4)  # type: ignore[index]  # parametrize gives plain strings
        paths = []
        for number in range(60):
            choice = policy.select(Draws(9, number))
            paths.append(choice.path)
            policy.update(choice, (choice.node == 2) * 0.5)
            if number % 10 == 0:
                policy.grow(choice.node)
        return paths

    assert chosen() == chosen()


@pytest.mark.parametrize("name", ["mcts-explore", "ucb"])
def test_choices_that_are_open_lean_elsewhere(name: str) -> None:
    policy = rooted(POLICIES[name](), 6)  # type: ignore[index]  # parametrize gives plain strings
    assert sorted(policy.select(Draws(0, number)).node for number in range(6)) == list(range(6))


# --- draws ----------------------------------------------------------------------------------------


def test_draws_are_the_same_on_every_machine() -> None:
    """The first four by hand: SHA-256 of the names' hash and a counter, its first 8 bytes modulo 1000."""
    draws = Draws(7, "select", 3)
    assert [draws.below(1000) for _ in range(4)] == [148, 126, 20, 971]
    assert Draws(7, "x").fraction() == 0.7531987070725188
    assert Draws(7, "x").shuffled("abcdef") == list("dfceab")


@settings(deadline=None)
@given(st.integers(), st.integers(1, 50))
def test_draws_stay_in_their_bounds(seed: int, bound: int) -> None:
    draws = Draws(seed, "bounds")
    assert 0 <= draws.below(bound) < bound
    assert 0 <= draws.fraction() < 1
    assert sorted(draws.shuffled(range(bound))) == list(range(bound))
    chosen = draws.chosen(range(bound), 3)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(3, bound)
