"""The plan: drawn without replacement, balanced, random, and the same everywhere."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.plan import Cell, draw, in_random_order, set_hash


def product(framings: Iterable[str], questions: Iterable[str], languages: Iterable[str]) -> list[Cell]:
    languages = list(languages)
    return [
        Cell(f"{question}-{language}.{framing}", framing, question, language)
        for framing, question in itertools.product(framings, list(questions))
        for language in languages
    ]


class Drawing(NamedTuple):
    pool: list[Cell]
    size: int
    seed: int


NAMES = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=7, unique=True)


@st.composite
def drawings(draw_value: st.DrawFn) -> Drawing:
    languages = draw_value(st.lists(st.sampled_from(["en", "zh", "fr"]), min_size=1, unique=True))
    framings, questions = draw_value(NAMES), draw_value(NAMES)
    pool = [
        Cell(f"{number}", *place)
        for number, place in enumerate(itertools.product(framings, questions, languages))
    ]
    size = draw_value(st.integers(0, len(pool)))
    return Drawing(pool, size, draw_value(st.integers(-(2**40), 2**70)))


def spread(names: Iterable[object], uses: Iterable[object]) -> int:
    """The most used name's uses less the least used one's."""
    counts = Counter(dict.fromkeys(names, 0))
    counts.update(uses)
    return max(counts.values()) - min(counts.values())


@settings(deadline=None)
@given(drawings())
def test_every_framing_question_language_and_twin_is_used_as_often_as_any_other_or_once_more(
    drawing: Drawing,
) -> None:
    pool, size, seed = drawing
    drawn = draw(pool, size=size, seed=seed)
    assert len(drawn) == size
    for label in (
        lambda cell: cell.framing,
        lambda cell: cell.question,
        lambda cell: cell.language,
        lambda cell: (cell.question, cell.language),
    ):
        assert spread(map(label, pool), map(label, drawn)) <= 1


@settings(deadline=None)
@given(drawings())
def test_cells_are_drawn_from_the_pool_and_never_twice(drawing: Drawing) -> None:
    pool, size, seed = drawing
    drawn = draw(pool, size=size, seed=seed)
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(pool)


@settings(deadline=None)
@given(drawings())
def test_a_sample_as_large_as_the_pool_is_a_permutation_of_it(drawing: Drawing) -> None:
    assert sorted(draw(drawing.pool, size=len(drawing.pool), seed=drawing.seed)) == sorted(drawing.pool)
    assert draw(drawing.pool, seed=drawing.seed) == draw(
        drawing.pool, size=len(drawing.pool), seed=drawing.seed
    )


@settings(deadline=None)
@given(drawings(), st.randoms(use_true_random=False))
def test_the_same_seed_gives_the_same_plan_in_whatever_order_the_cells_are_listed(
    drawing: Drawing, chance: random.Random
) -> None:
    pool, size, seed = drawing
    shuffled = chance.sample(pool, len(pool))
    assert draw(shuffled, size=size, seed=seed) == draw(pool, size=size, seed=seed)


@settings(deadline=None)
@given(drawings(), st.text(min_size=1, max_size=5))
def test_relabelling_changes_who_is_drawn_but_not_how_often_anything_is(drawing: Drawing, mark: str) -> None:
    pool, size, seed = drawing
    renamed = [
        Cell(cell.id + mark, mark + cell.framing, cell.question + mark, cell.language) for cell in pool
    ]

    def profile(cells: Sequence[Cell], label: int) -> list[int]:
        return sorted(Counter(cell[label] for cell in cells).values())

    one, other = draw(pool, size=size, seed=seed), draw(renamed, size=size, seed=seed)
    for label in (1, 2, 3):
        assert profile(one, label) == profile(other, label)


@settings(deadline=None)
@given(drawings(), st.data())
def test_a_set_with_gaps_is_drawn_without_replacement_all_the_same(
    drawing: Drawing, data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.sampled_from(drawing.pool), unique=True))
    size = data.draw(st.integers(0, len(kept)))
    drawn = draw(kept, size=size, seed=drawing.seed)
    assert len(set(drawn)) == size
    assert set(drawn) <= set(kept)


def test_rows_that_repeat_a_prompt_are_still_balanced_over_framings() -> None:
    rows = [Cell(f"row-{number}", f"f{number % 5}", f"q{number % 7}", "en") for number in range(140)]
    drawn = draw(rows, size=52, seed=3)
    assert spread("", (cell.framing for cell in drawn)) <= 1


def test_questions_in_fewer_languages_are_used_as_often_as_the_others() -> None:
    pool = [
        *product(["a", "b", "c", "d"], ["twin", "other"], ["en", "zh"]),
        *product(["a", "b", "c", "d"], ["single"], ["en"]),
    ]
    drawn = draw(pool, size=12, seed=1)
    assert Counter(cell.question for cell in drawn) == {"twin": 4, "other": 4, "single": 4}


# --- random ------------------------------------------------------------------------------------


def chi_square(counts: Sequence[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_over_seeds_every_cell_is_drawn_equally_often() -> None:
    pool = product("abc", "pqrs", ["en", "zh"])
    counts = Counter(cell for seed in range(1200) for cell in draw(pool, size=7, seed=seed))
    assert len(counts) == 24
    assert chi_square([counts[cell] for cell in pool]) < 41.6  # 1 % of chi-square with 23 degrees


def test_over_seeds_every_order_of_a_drawn_set_is_equally_frequent() -> None:
    pool = product("abc", ["p"], ["en"])
    orders = Counter(draw(pool, seed=seed) for seed in range(1200))
    assert len(orders) == 6
    assert chi_square(list(orders.values())) < 15.1  # 1 % with 5 degrees


def test_the_first_cells_of_a_plan_are_a_random_part_of_the_drawn_set() -> None:
    """Whichever cell it is, and whichever framing was dealt first, it is as likely to come early."""
    pool = product("abcd", "pqr", ["en", "zh"])
    early: Counter[str] = Counter()
    for seed in range(1500):
        early.update(cell.framing for cell in draw(pool, size=8, seed=seed)[:3])
    assert chi_square([early[name] for name in "abcd"]) < 11.4  # 1 % with 3 degrees


def test_order_and_drawing_are_independent() -> None:
    """Of the drawn cells the first is no more often than others the one that is drawn most readily."""
    pool = product("ab", "pq", ["en"])
    firsts = Counter((frozenset(plan), plan[0]) for plan in (draw(pool, size=2, seed=s) for s in range(800)))
    for chosen in {chosen for chosen, _ in firsts}:
        assert chi_square([firsts[chosen, cell] for cell in chosen]) < 10.9  # 0.1 % with 1 degree


# --- stable ------------------------------------------------------------------------------------


def test_a_plan_is_the_same_on_every_python_and_platform() -> None:
    plan = draw(product(["plain", "narrator", "letter"], ["who", "谁"], ["en", "zh"]), size=5, seed=7)
    assert [cell.id for cell in plan] == GOLDEN_PLAN
    assert in_random_order(["a", "b", "c", "d", "é"], seed=7) == GOLDEN_ORDER


def test_another_seed_draws_another_sample_in_another_order() -> None:
    pool = product("abcdef", "pqrstu", ["en", "zh"])
    one, other = draw(pool, size=20, seed=1), draw(pool, size=20, seed=2)
    assert set(one) != set(other)
    assert draw(pool, seed=1) != draw(pool, seed=2)


def test_a_set_hash_covers_ids_and_texts_but_not_their_order() -> None:
    content = {"a": {"turns": ["Who?"]}, "b": {"turns": ["谁？"]}}
    assert set_hash(content) == set_hash(dict(reversed(content.items())))
    assert set_hash(content) != set_hash({**content, "b": {"turns": ["谁?"]}})
    assert set_hash(content) != set_hash({"a": content["a"]})
    assert set_hash(content) == GOLDEN_HASH


# --- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [-1, 5])
def test_a_sample_that_the_pool_cannot_give_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"cannot draw {size} of 4 cells"):
        draw(product("ab", "pq", ["en"]), size=size)


def test_two_cells_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="the same id"):
        draw([Cell("x", "a", "p", "en"), Cell("x", "b", "p", "en")])


GOLDEN_PLAN = ["谁-en.plain", "谁-en.letter", "who-zh.letter", "who-en.narrator", "谁-zh.narrator"]
GOLDEN_ORDER = ["é", "c", "d", "a", "b"]
GOLDEN_HASH = "b724c68129e3f76c91c19c4cd88593f58ce0adbcddea74bdedf97a5fac72cb54"
