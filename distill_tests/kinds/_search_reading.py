"""``search:`` in an identity spec: the whole search as one case, checked before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from distill_tests.errors import BadRows, DataError, Problem, SpecError
from distill_tests.kinds._declared import by_place
from distill_tests.kinds._questions import Question, Wording
from distill_tests.kinds._reading import Reading
from distill_tests.kinds._searching import MUTATOR_TOKENS, Searching, Shrinking
from distill_tests.plan import set_hash
from distill_tests.registry import judges, providers
from distill_tests.search import (
    MODEL_MUTATORS,
    OFFLINE_MUTATORS,
    Budget,
    SearchPlan,
    Seed,
    budget_trouble,
    check_identity_questions,
    check_template,
    load_templates,
)
from distill_tests.search import Question as Asked
from distill_tests.search.findings import Source, pack_trouble
from distill_tests.search.shrinking import MOST_CALLS, Repeats
from distill_tests.specfile.cards import absent_files
from distill_tests.specfile.tree import project_of, resolved
from distill_tests.types import Case, Model, Pointer, Price, Spec

CASE = "search"
SEARCH = "search finds, gates decide"
FRAMINGS_AIMED_AT = 20
"""So many the calls are to reach for, where the spec does not say how many questions each is asked."""

_MOST_CHARACTERS = 20_000
"""Of one prompt: two templates and what is said around them."""

_TOKENS_A_CHARACTER = 2
_MOST_QUOTED = 120


def search_case(spec: Spec, target: Model) -> Case:
    """The one case of a spec with ``search:``; raises SpecError with every problem at once."""
    reader = _Reader(spec, target)
    searching = reader.searching()
    if reader.problems or searching is None:
        raise SpecError(sorted(reader.problems, key=by_place))
    return Case(id=CASE, data=searching, place=spec.place("search"))


class _Reader:
    """A pass over one spec for one target; ``problems`` fills up."""

    def __init__(self, spec: Spec, target: Model) -> None:
        self.spec, self.target = spec, target
        self.body: Mapping[str, Any] = spec.body["search"]
        self.reading = Reading(spec)
        self.problems = self.reading.problems

    def note(self, at: Pointer, what: str, *, got: str | None = None, allowed: str | None = None) -> None:
        self.problems.append(Problem(place=self.spec.place(*at), what=what, got=got, allowed=allowed))

    def searching(self) -> Searching | None:
        self._check_company()
        self._check_judge()
        self._check_target()
        if self.problems:  # a recording has no questions to read
            return None
        found = self.reading.questions()
        languages = self.reading.languages(found)
        framings = self.reading.framings(languages)
        self.reading.check_twins(found, framings, languages)
        questions = self._questions(found, languages)
        seeds, sources = self._templates()
        own = [
            Seed(id=f"{framing.id}-{language}", template=text, family=framing.family, language=language)
            for framing in framings
            for language, wording in framing.texts.items()
            if language in languages and (text := _template(wording, self.target)) is not None
        ]
        mutator = self._mutator()
        plan = self._plan(mutator, len(questions))
        if same := sources.keys() & {seed.id for seed in own}:
            self.note(("search", "templates"), f"template {min(same)!r} has the id of a framing")
        if not own and not seeds and not self.problems:
            what = "no framing can be changed: each has a system message, several turns or too much text"
            self.note(("framings",), what, allowed="a search changes framings of one user turn")
        if self.problems or plan is None:
            return None
        return Searching(
            plan=plan,
            seeds=(*own, *seeds),
            questions=questions,
            mutator=mutator,
            shrinking=self._shrinking(),
            max_unscored=float(self.body.get("max_unscored", 0.1)),
            write=self._pack(),
            sources=sources,
            set_hash=_hash(plan, (*own, *seeds), questions, mutator),
        )

    # --- what may stand beside a search -----------------------------------------------------------

    def _check_company(self) -> None:
        for gate in self.spec.gates:
            what = f"gate {gate.name!r} would count chosen probes: {SEARCH}"
            self.note(("gates", gate.name), what, allowed="put what was found into a spec with gates")
        for key, why in (("sample", "a search draws no sample"), ("protocol", "a search has its own rules")):
            if key in self.spec.body:
                self.note((key,), f"{why}: {SEARCH}", allowed=f"remove {key}, or search")
        if "recorded" in self.spec.body["probes"]:
            what = "a recording answers no question that was not asked then"
            self.note(("probes", "recorded"), what, allowed="remove recorded, or search")
        if self.spec.repeats != 1:
            what = "a search is made once; shrink says how often a finding is asked again"
            self.note(("repeats",), what, got=str(self.spec.repeats), allowed="repeats: 1")

    def _check_judge(self) -> None:
        use = self.spec.judge
        if use is None:
            self.note((), "a search needs a judge", allowed="judge: claims")
            return
        if use.name == "recorded":
            what = "judge 'recorded' repeats published verdicts and reads no answer"
            self.note(("judge",), what, allowed="a judge that reads answers, such as claims")
        missing = {"loose", "strict"} - judges.get(use.name).declared(use.options).marks.keys()
        if missing:
            what = f"judge {use.name!r} does not tell who the speaker says it is"
            allowed = "an identity judge, one with the marks loose and strict, such as claims"
            self.note(("judge",), what, allowed=allowed)

    def _check_target(self) -> None:
        if hasattr(providers.get(self.target.provider).make, "holds"):
            what = f"target {self.target.alias!r} is a recording and answers nothing new"
            self.note(("targets",), what, allowed="search a model that can be asked")

    # --- questions, templates ---------------------------------------------------------------------

    def _questions(self, found: Sequence[Question], languages: Sequence[str]) -> tuple[Asked, ...]:
        placed = [(one, language) for one in found for language in one.texts if language in languages]
        for problem in check_identity_questions([one.texts[language] for one, language in placed]):
            one, language = placed[problem.number - 1]
            what = f"question {one.id!r} is not for a search: {problem.why}"
            self.note(one.places[language], what, allowed="a search asks who the speaker is, nothing else")
        wanted = int(self.body.get("questions", 1))
        for language in languages:
            count = sum(language == other for _, other in placed)
            if wanted > count and not self.problems:
                what = f"there are {count} questions in {language!r}"
                self.note(("search", "questions"), what, got=str(wanted), allowed=f"at most {count}")
        return tuple(Asked(id=one.id, text=one.texts[lang], language=lang) for one, lang in placed)

    def _templates(self) -> tuple[tuple[Seed, ...], dict[str, Source]]:
        written = self.body.get("templates")
        if written is None:
            return (), {}
        form = "csv" if "csv" in written else "jsonl"
        path = Path(self.spec.path).parent / written[form]
        try:
            seeds = load_templates(path, max_bad_rows=int(written.get("allow_bad", 0)))
        except BadRows as error:
            self.problems.extend(error.problems)
            return (), {}
        except DataError as error:
            self.note(("search", "templates", form), str(error))
            return (), {}
        origin, licence = written.get("origin", path.name), written.get("licence", "")
        return seeds, {seed.id: Source(name=seed.id, origin=origin, licence=licence) for seed in seeds}

    # --- plan and budget --------------------------------------------------------------------------

    def _mutator(self) -> Model | None:
        alias = self.body.get("mutator")
        if alias is None:
            return None
        model = self.spec.models[alias]
        self.problems.extend(absent_files(model))
        if hasattr(providers.get(model.provider).make, "holds"):
            what = f"{alias!r} is a recording and writes nothing new"
            self.note(("search", "mutator"), what, allowed="a model that can be asked")
        return model

    def _plan(self, mutator: Model | None, questions: int) -> SearchPlan | None:
        default = OFFLINE_MUTATORS if mutator is None else (*OFFLINE_MUTATORS, *MODEL_MUTATORS)
        mutators = tuple(self.body.get("mutators", default))
        for index, name in enumerate(mutators):
            if name in MODEL_MUTATORS and mutator is None:
                at = ("search", "mutators", index)
                self.note(at, f"{name!r} is written by a model", allowed="name it: mutator: ALIAS")
        if self.problems:
            return None
        judge = self.spec.judge
        judging = judges.get(judge.name).declared(judge.options).calls[1] if judge else 0
        try:
            plan = self._planned(mutator, mutators, judging, questions)
        except ValueError as error:
            self.note(("search", "budget"), str(error))
            return None
        if trouble := budget_trouble(plan):
            self.note(("search", "budget"), trouble)
        return plan

    def _planned(
        self, mutator: Model | None, mutators: tuple[str, ...], judging: int, questions: int
    ) -> SearchPlan:
        """Raises ValueError for numbers that the schema lets pass, such as minutes without end."""
        budget = self._budget(mutator)
        reached = (budget.calls or 0) // (FRAMINGS_AIMED_AT * (1 + judging))
        return SearchPlan(
            budget=budget,
            seed=int(self.body.get("seed", 0)),
            policy=self.body.get("policy", "mcts-explore"),
            mutators=mutators,
            energy=int(self.body.get("energy", 1)),
            batch=int(self.body.get("batch", 4)),
            questions_per_mutant=int(self.body.get("questions", min(questions, max(1, reached)))),
            keep=self.body.get("keep", "successful"),
            counts=self.body.get("goal", "strict"),
            calls_per_probe=1 + judging,
        )

    def _budget(self, mutator: Model | None) -> Budget:
        written = self.body["budget"]
        usd = written.get("usd")
        per_call = self._usd_per_call(mutator) if usd is not None else 0.0
        return Budget(
            calls=int(written["calls"]),
            usd=float(usd) if per_call else None,
            usd_per_call=per_call or None,
            seconds=60 * float(written["minutes"]) if "minutes" in written else None,
            successes=int(self.body["stop_after"]) if "stop_after" in self.body else None,
        )

    def _usd_per_call(self, mutator: Model | None) -> float:
        """The most that one call to any model of the search can cost; 0 where all are in this process."""
        judge = self.spec.judge.asked() if self.spec.judge else ()
        costs = [0.0]
        for model in (self.target, *judge, *([mutator] if mutator else [])):
            if model.price is not None:
                costs.append(_most_usd(model.price, max(self.spec.sampling.max_tokens, MUTATOR_TOKENS)))
            elif not getattr(providers.get(model.provider).make, "embedded", False):
                what = f"the card of {model.alias!r} has no price, so dollars cannot be counted"
                self.note(("search", "budget", "usd"), what, allowed="give it a price, or count calls only")
        return max(costs)

    # --- what becomes of findings -----------------------------------------------------------------

    def _shrinking(self) -> Shrinking | None:
        written = self.body.get("shrink", True)
        if isinstance(written, bool):
            return Shrinking() if written else None
        repeats, at_least = int(written.get("repeats", 3)), int(written.get("at_least", 2))
        if at_least > repeats:
            self.note(("search", "shrink"), f"at_least {at_least} is more than repeats {repeats}")
            return None
        return Shrinking(
            calls=int(written.get("calls", MOST_CALLS)),
            findings=int(written.get("findings", 5)),
            repeats=Repeats(at_least=at_least, of=repeats),
        )

    def _pack(self) -> Path | None:
        written = self.body.get("write")
        if written is None:
            return None
        here = Path(self.spec.path)
        path: Path = here.parent / written
        at = ("search", "write")
        if trouble := pack_trouble(path):
            self.note(at, trouble.what, got=_quoted(written), allowed=trouble.allowed)
        elif not resolved(path).is_relative_to(project_of(here)):
            self.note(at, "the pack would lie outside the project", got=repr(written))
        return path.absolute()


def _template(wording: Wording, target: Model) -> str | None:
    """The one text that is sent, or None where a framing is more than that."""
    if target.ask_as == "completion" and wording.completion is not None:
        text = wording.completion
    elif len(wording.turns) == 1 and wording.system is None:
        text = wording.turns[0]
    else:
        return None
    return text if check_template(text) is None else None


def _quoted(written: str) -> str:
    return repr(written if len(written) <= _MOST_QUOTED else f"{written[:_MOST_QUOTED]}…")


def _most_usd(price: Price, max_tokens: int) -> float:
    """A bound on what one call can cost, whatever is sent in it."""
    given = _TOKENS_A_CHARACTER * _MOST_CHARACTERS
    return (given * price.input + max_tokens * price.output) / 1e6


def _hash(plan: SearchPlan, seeds: Sequence[Seed], questions: Sequence[Asked], mutator: Model | None) -> str:
    """Names all that the search starts from."""
    return set_hash(
        {
            "plan": asdict(plan),
            "seeds": [asdict(seed) for seed in seeds],
            "questions": [asdict(question) for question in questions],
            "mutator": mutator.model if mutator else None,
        }
    )
