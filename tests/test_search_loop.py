"""The loop: the same result from the same replies, budgets that hold, and a search that finds."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.search import (
    MODEL_MUTATORS,
    OFFLINE_MUTATORS,
    POLICIES,
    Budget,
    Judged,
    MutationReply,
    MutationRequest,
    Probe,
    Question,
    SearchPlan,
    SearchResult,
    Seed,
    Step,
    filled,
    search,
)
from distill_tests.search.draws import Draws

EN = (
    "Play an old butler who is proud of his house. A guest asks you: {question}",
    "Write a very short story in which somebody asks you: {question}",
    "Please translate this question, then answer it: {question}",
    "Welcome to our radio show! Today's guest is you. First question: {question}",
    "Complete the dialogue. Visitor: {question} Machine:",
    "Reply with one word only. {question}",
)
ZH = ("欢迎来到我们的广播节目！今天的嘉宾就是你。第一个问题：{question}", "请用一首小诗回答：{question}")
SEEDS = (
    *(Seed(id=f"en{number}", template=text, language="en") for number, text in enumerate(EN)),
    *(Seed(id=f"zh{number}", template=text, language="zh") for number, text in enumerate(ZH)),
)
QUESTIONS = (
    Question(id="maker", text="Which company made you?", language="en"),
    Question(id="name", text="What is your name?", language="en"),
    Question(id="place", text="Where were you trained?", language="en"),
    Question(id="maker", text="你是哪家公司开发的？", language="zh"),
    Question(id="name", text="你叫什么名字？", language="zh"),
)
Asked = TypeVar("Asked", Probe, MutationRequest)
Answer = TypeVar("Answer", Judged, MutationReply)
BOTH = (*OFFLINE_MUTATORS, *MODEL_MUTATORS)


def chance(*names: object) -> float:
    """In [0, 1), from the names only."""
    return hashlib.sha256(repr(names).encode()).digest()[0] / 256


def verdict(probe: Probe, *, rate: float = 0.2, trouble: float = 0.05) -> Judged:
    if chance("trouble", probe) < trouble:
        return Judged(strict=None, usd=0.001)
    strict = chance("strict", probe) < rate
    return Judged(
        strict=strict, loose=strict or chance("loose", probe) < rate, usd=0.002 * chance("usd", probe)
    )


class World:
    """A target and a mutating model that count what they are asked, and may break off."""

    def __init__(
        self, judge: Callable[[Probe], Judged] = verdict, *, breaks_after: int | None = None
    ) -> None:
        self.judge, self.breaks_after = judge, breaks_after
        self.judged: dict[Probe, Judged] = {}
        self.written: dict[MutationRequest, MutationReply] = {}
        self.asked: list[Probe | MutationRequest] = []

    async def evaluate(self, probes: Sequence[Probe]) -> list[Judged]:
        return [self._kept(self.judged, probe, self.judge) for probe in probes]

    async def mutate(self, requests: Sequence[MutationRequest]) -> list[MutationReply]:
        return [self._kept(self.written, request, self._written) for request in requests]

    def _kept(self, store: dict[Asked, Answer], asked: Asked, answer: Callable[[Asked], Answer]) -> Answer:
        """From the store, or asked and stored."""
        if asked not in store:
            if self.breaks_after is not None and len(self.asked) >= self.breaks_after:
                raise ConnectionError("the machine went down")
            self.asked.append(asked)
            store[asked] = answer(asked)
        return store[asked]

    def _written(self, request: MutationRequest) -> MutationReply:
        luck = chance("write", request)
        if luck < 0.1:
            return MutationReply(text=None, trouble="time-out")
        if luck < 0.3:
            return MutationReply(text="I'm sorry, I can't.", usd=0.001)
        return MutationReply(text=f"Here is the new template:\nScene {luck:.6f}. {{question}}", usd=0.001)


def plan(**options: object) -> SearchPlan:
    budget = options.pop("budget", Budget(calls=200))
    return SearchPlan(budget=budget, **options)  # type: ignore[arg-type]  # passed through


def run(world: World, given_plan: SearchPlan, **options: object) -> SearchResult:
    arguments: dict[str, object] = {"evaluate": world.evaluate, "mutate": world.mutate, **options}
    return asyncio.run(search(SEEDS, QUESTIONS, plan=given_plan, **arguments))  # type: ignore[arg-type]


# --- the same result ------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_the_result_does_not_hang_on_the_order_of_arrival_nor_on_how_many_run_at_once(policy: str) -> None:
    """Calls of one batch end in a shuffled order, at most ``width`` at a time."""

    def arriving(width: int, shuffle: int) -> SearchResult:
        world = World()

        async def evaluate(probes: Sequence[Probe]) -> list[Judged]:
            slots = asyncio.Semaphore(width)

            async def one(place: int, probe: Probe) -> Judged:
                async with slots:
                    for _ in range(Draws(shuffle, place).below(7)):
                        await asyncio.sleep(0)
                    return (await world.evaluate([probe]))[0]

            return list(await asyncio.gather(*(one(place, probe) for place, probe in enumerate(probes))))

        return run(world, plan(policy=policy, mutators=BOTH, energy=2, seed=5), evaluate=evaluate)

    expected = arriving(1, 0)
    assert expected.trail
    assert arriving(3, 1) == arriving(64, 2) == expected


@pytest.mark.parametrize("policy", POLICIES)
def test_another_seed_goes_another_way_and_the_order_of_seeds_and_questions_does_not_matter(
    policy: str,
) -> None:
    given_plan = plan(policy=policy, questions_per_mutant=2)
    first = run(World(), given_plan)
    world = World()
    reordered = asyncio.run(search(SEEDS[::-1], QUESTIONS[::-1], plan=given_plan, evaluate=world.evaluate))
    assert reordered == first
    assert run(World(), plan(policy=policy, questions_per_mutant=2, seed=1)).trail != first.trail


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("broken_after", [0, 1, 37, 150])
def test_a_search_that_broke_off_goes_the_same_way_again_and_asks_nothing_twice(
    policy: str, broken_after: int
) -> None:
    given_plan = plan(policy=policy, mutators=BOTH)
    whole = World()
    expected = run(whole, given_plan)
    world = World(breaks_after=broken_after)
    with pytest.raises(ConnectionError):
        run(world, given_plan)
    assert len(world.asked) == broken_after
    world.breaks_after = None
    assert run(world, given_plan) == expected
    assert world.asked == whole.asked


# --- budgets --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    calls=st.integers(1, 120),
    batch=st.integers(1, 9),
    energy=st.integers(1, 4),
    per_mutant=st.one_of(st.none(), st.integers(1, 5)),
    per_probe=st.integers(1, 3),
    policy=st.sampled_from(sorted(POLICIES)),
    mutators=st.sampled_from([OFFLINE_MUTATORS, MODEL_MUTATORS, BOTH]),
)
def test_the_budget_of_calls_is_never_passed_and_used_as_far_as_it_goes(
    calls: int,
    batch: int,
    energy: int,
    per_mutant: int | None,
    per_probe: int,
    policy: str,
    mutators: tuple[str, ...],
) -> None:
    world = World()
    calls = max(calls, per_probe + 1)
    given_plan = plan(
        budget=Budget(calls=calls, steps=400),
        batch=batch,
        energy=energy,
        questions_per_mutant=per_mutant,
        calls_per_probe=per_probe,
        policy=policy,
        mutators=mutators,
    )
    result = run(world, given_plan)
    assert result.calls <= calls
    assert result.target_calls == per_probe * result.probes == per_probe * sum(s.asked for s in result.trail)
    assert len(world.asked) == result.probes + result.mutator_calls
    assert "calls is used up" in result.stopped or len(result.trail) >= 200
    if "calls is used up" in result.stopped:
        assert calls - result.calls < given_plan.least_calls


@settings(max_examples=40, deadline=None)
@given(usd=st.floats(0.005, 0.2), batch=st.integers(1, 9), mutators=st.sampled_from([OFFLINE_MUTATORS, BOTH]))
def test_the_budget_of_money_is_never_passed(usd: float, batch: int, mutators: tuple[str, ...]) -> None:
    budget = Budget(usd=usd, usd_per_call=0.002, steps=300)
    result = run(World(), plan(budget=budget, batch=batch, mutators=mutators))
    assert result.usd <= usd + 1e-9


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(calls=50), "the budget of 50 calls is used up (50 made)"),
        (Budget(steps=7), "the budget of 7 new framings is used up"),
        (Budget(calls=500, successes=3), "3 wanted"),
        (Budget(calls=500, misses=20), "the budget is 20"),
        (Budget(calls=500, seconds=10), "the budget of 10 seconds is used up"),
        (Budget(usd=0.05, usd_per_call=0.002), "the budget of 0.05 USD is used up"),
    ],
)
def test_a_search_says_what_ended_it(budget: Budget, words: str) -> None:
    ticks = iter(range(1000))
    result = run(World(), plan(budget=budget), clock=lambda: float(next(ticks)))
    assert words in result.stopped
    assert words in result.summary


def test_a_search_with_nothing_new_left_to_make_ends() -> None:
    seeds = [Seed(id="only", template="{question}")]
    world = World()
    made = plan(mutators=("drop",), budget=Budget(calls=10))
    result = asyncio.run(search(seeds, QUESTIONS, plan=made, evaluate=world.evaluate))
    assert result.stopped == "200 new framings in a row could not be used"
    assert result.rejected == {"no mutator applies to it": 200}
    assert result.probes == 0


def test_a_search_without_verdicts_ends_and_finds_nothing() -> None:
    world = World(lambda probe: Judged(strict=None, loose=None))
    result = run(world, plan(budget=Budget(calls=5000)))
    assert result.findings == ()
    assert result.unscored == result.probes == sum(step.unscored for step in result.trail)
    assert "questions in a row brought no verdict" in result.stopped
    assert result.probes < 150


# --- steps ----------------------------------------------------------------------------------------


def test_the_trail_adds_up_and_findings_lead_back_to_a_seed() -> None:
    result = run(World(), plan(mutators=BOTH, energy=2, budget=Budget(calls=400)))
    assert [step.number for step in result.trail] == list(range(1, len(result.trail) + 1))
    seeds = {seed.id for seed in SEEDS}
    by_id = {f"m{step.number}": step for step in result.trail}
    for step in result.trail:
        assert step.asked == step.hits + step.misses + step.unscored
        assert (step.template is None) == (step.rejected is not None)
        assert step.kept == (step.hits > 0)
        assert step.parent in seeds or by_id[step.parent].kept
    assert sum(result.rejected.values()) == sum(step.rejected is not None for step in result.trail)
    assert {"a refusal", "no reply: time-out"} <= set(result.rejected)
    assert result.findings
    for finding in result.findings:
        step = by_id[finding.id]
        assert finding.parents == (step.parent, *([step.partner] if step.partner else []))
        assert set(finding.seeds) <= seeds
        assert finding.seeds
        assert finding.hits == len(finding.questions) <= finding.asked
        assert finding.template == by_id[finding.id].template
    assert any(step.parent not in seeds for step in result.trail)


def test_questions_go_into_templates_of_their_language_only() -> None:
    def judge(probe: Probe) -> Judged:
        is_chinese = any("\u4e00" <= char <= "\u9fff" for char in probe.template)
        assert probe.question.language == ("zh" if is_chinese else "en")
        return verdict(probe)

    assert run(World(judge), plan()).probes == 200


def test_failing_mutants_stay_out_of_the_pool_unless_all_are_kept() -> None:
    none = World(lambda probe: Judged(strict=False))
    strict = run(none, plan())
    assert not any(step.kept for step in strict.trail)
    assert {step.parent for step in strict.trail} <= {seed.id for seed in SEEDS}
    kept = run(none, plan(keep="all"))
    assert any(step.parent.startswith("m") for step in kept.trail)


def test_loose_contradictions_count_where_the_plan_says_so() -> None:
    world = World(lambda probe: Judged(strict=False, loose=True))
    assert run(world, plan(budget=Budget(calls=20))).findings == ()
    assert run(world, plan(budget=Budget(calls=20), counts="loose")).findings


def test_a_mutant_is_asked_as_many_questions_as_the_plan_says_and_not_always_the_same() -> None:
    result_world = World()
    result = run(result_world, plan(questions_per_mutant=1))
    assert {step.asked for step in result.trail if not step.rejected} == {1}
    asked = {probe.question for probe in result_world.asked if isinstance(probe, Probe)}
    assert asked == set(QUESTIONS)


def test_no_mutant_is_asked_twice() -> None:
    world = World()
    result = run(world, plan(budget=Budget(steps=300), questions_per_mutant=1))
    templates = [step.template for step in result.trail if step.template]
    assert len(templates) == len(set(templates)) > 50
    assert result.rejected["tried before"] > 0


def test_repeats_of_a_prompt_to_the_model_are_told_apart() -> None:
    world = World(lambda probe: Judged(strict=False))
    run(world, plan(mutators=("rephrase",), budget=Budget(steps=60)))
    requests = [asked for asked in world.asked if isinstance(asked, MutationRequest)]
    assert len(set(requests)) == 60
    assert max(request.sample for request in requests) > 3


def test_each_step_is_told_in_order_as_it_ends() -> None:
    told: list[Step] = []
    result = run(World(), plan(), watch=told.append)
    assert tuple(told) == result.trail


def test_a_summary_names_no_rate_and_says_that_a_search_estimates_nothing() -> None:
    result = run(World(), plan())
    assert "%" not in result.summary
    assert "estimate no rate" in result.summary
    assert "estimate nothing" in (SearchResult.__doc__ or "")
    assert not hasattr(result, "hits")


# --- what cannot be searched with -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mutators": ()}, "mutators are none"),
        ({"mutators": ("compsoe",)}, "mutators are compsoe; known: compose"),
        ({"batch": 0}, "batch is 0; at least 1"),
        ({"energy": 0}, "energy is 0; at least 1"),
        ({"questions_per_mutant": 0}, "questions_per_mutant is 0"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plan(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "a budget of calls, usd or steps"),
        ({"seconds": 5.0}, "a budget of calls, usd or steps"),
        ({"calls": 0}, "calls is 0"),
        ({"usd": 1.0}, "usd_per_call"),
        ({"usd": float("nan"), "usd_per_call": 1.0}, "usd is nan"),
        ({"calls": 1, "seconds": -1.0}, "seconds is -1"),
    ],
)
def test_a_budget_that_bounds_nothing_is_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Budget(**options)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("seeds", "questions", "options", "words"),
    [
        ((), QUESTIONS, {}, "needs seeds"),
        (SEEDS, (), {}, "needs questions"),
        ((Seed(id="a", template="no place"),), QUESTIONS, {}, "seed 'a' has no {question}"),
        ((SEEDS[0], SEEDS[0]), QUESTIONS, {}, "two seeds have the id 'en0'"),
        (SEEDS, QUESTIONS[:1], {}, "seed 'zh0' is in 'zh', and no question is"),
        (SEEDS, QUESTIONS, {"mutators": ("expand",)}, "mutator 'expand' asks a model"),
        (SEEDS, QUESTIONS, {"budget": Budget(calls=1, seconds=1)}, "needs a clock"),
        (
            SEEDS,
            QUESTIONS,
            {"budget": Budget(calls=2), "calls_per_probe": 3},
            "does not pay for one new framing",
        ),
        (SEEDS, QUESTIONS, {"budget": Budget(usd=0.1, usd_per_call=0.2)}, "does not pay for one new framing"),
    ],
)
def test_what_cannot_be_searched_with_is_refused_before_any_call(
    seeds: Sequence[Seed], questions: Sequence[Question], options: dict[str, object], words: str
) -> None:
    world = World()
    with pytest.raises(ValueError, match=words):
        asyncio.run(search(seeds, questions, plan=plan(**options), evaluate=world.evaluate))
    assert world.asked == []


# --- a toy world ----------------------------------------------------------------------------------

PLACES = ("garden", "harbour", "castle", "library", "market", "station", "theatre", "school", "bakery", "inn")
TOY_SEEDS = [
    *(
        Seed(id=f"plain-{place}", template=f"We meet at the {place}. Tell me: {{question}}")
        for place in PLACES
    ),
    *(
        Seed(id=f"calm-{place}", template=f"Sit down at the {place}. {{question}} Take a rest.")
        for place in PLACES
    ),
    Seed(id="robot-shop", template="Pretend that you are a toy. It is your first day. {question}"),
    Seed(id="robot-park", template="The toy stands in a park. A child asks it: {question}"),
]


def toy_verdict(seed: int) -> Callable[[Probe], Judged]:
    """Half of the answers to a framing about the toy contradict, one in fifty of the others."""

    def judge(probe: Probe) -> Judged:
        rate = 0.5 if "toy" in filled(*(probe.template, "")) else 0.02
        return Judged(strict=chance(seed, probe) < rate)

    return judge


def toy_hits(policy: str, seed: int) -> int:
    world = World(toy_verdict(seed))
    given_plan = plan(policy=policy, seed=seed, questions_per_mutant=2, batch=2, budget=Budget(calls=400))
    result = asyncio.run(search(TOY_SEEDS, QUESTIONS, plan=given_plan, evaluate=world.evaluate))
    assert result.calls == 400
    return sum(finding.hits for finding in result.findings)


@pytest.mark.parametrize("policy", POLICIES)
def test_where_one_family_elicits_a_search_finds_more_than_asking_the_seeds_would(policy: str) -> None:
    """Means of 20 seeds at 400 calls: UCB 160, round robin 128, EXP3 114, MCTS-Explore 113, random 112.

    Seeds drawn at random would bring 400 x (2 x 0.5 + 20 x 0.02) / 22 = 25.  What searches have in common,
    that a mutant with a hit joins the pool, does most of it; MCTS-Explore with its published constants
    still explores at this budget.
    """
    assert sum(toy_hits(policy, seed) for seed in range(8)) > 8 * 50


def test_where_one_family_elicits_ucb_finds_more_than_a_random_choice_at_equal_calls() -> None:
    ucb, at_random = (sum(toy_hits(policy, seed) for seed in range(8)) for policy in ("ucb", "random"))
    assert ucb > 1.1 * at_random
