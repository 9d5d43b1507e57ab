"""Search for framings under which a target contradicts its identity: GPTFuzz, repeatable.  Pure.

A search finds, gates decide: see :class:`SearchResult`.  Only identity questions go in
(:func:`check_identity_questions`).  The caller brings the effects::

    result = await search(seeds, questions, plan=plan, evaluate=evaluate, mutate=mutate)

    async def evaluate(probes: Sequence[Probe]) -> Sequence[Judged]: ...
    async def mutate(requests: Sequence[MutationRequest]) -> Sequence[MutationReply]: ...

Both answer in the order they were asked in, whatever order replies arrive in and however many run at
once.  They turn provider trouble into an unscored verdict or a reply without text; what they raise ends
the search.  Nothing else decides what happens but the arguments (and the clock, where the plan has a
budget of seconds): with every reply in the store, a search that was cut short goes the same way again
without a new call for what it has asked before.
"""

from distill_tests.search.identity_only import QuestionProblem, check_identity_questions
from distill_tests.search.loop import Evaluate, Mutate, budget_trouble, search
from distill_tests.search.nouns import (
    MODEL_MUTATORS,
    OFFLINE_MUTATORS,
    Budget,
    Finding,
    Judged,
    MutationReply,
    MutationRequest,
    Probe,
    Question,
    SearchPlan,
    SearchResult,
    Seed,
    Step,
    calls_words,
    several,
)
from distill_tests.search.policies import POLICIES
from distill_tests.search.templates import MAX_CHARS, PLACEHOLDER, check_template, filled
from distill_tests.search.templatesets import load_templates

__all__ = [
    "MAX_CHARS",
    "MODEL_MUTATORS",
    "OFFLINE_MUTATORS",
    "PLACEHOLDER",
    "POLICIES",
    "Budget",
    "Evaluate",
    "Finding",
    "Judged",
    "Mutate",
    "MutationReply",
    "MutationRequest",
    "Probe",
    "Question",
    "QuestionProblem",
    "SearchPlan",
    "SearchResult",
    "Seed",
    "Step",
    "budget_trouble",
    "calls_words",
    "check_identity_questions",
    "check_template",
    "filled",
    "load_templates",
    "search",
    "several",
]
