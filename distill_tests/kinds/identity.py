"""``kind: identity``: whom does the speaker say it is, whatever the question is wrapped in?

The declared set is questions x framings x languages, or the part of it that ``sample`` draws, in the
planned order of :mod:`distill_tests.plan`; or the rows of the target's own recording.  After "ICE" in
Lee et al. 2025 (arXiv 2501.12619), with a fixed declared set in the place of its adaptive search.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from distill_tests.errors import Problem, SpecError
from distill_tests.kinds._answered import refuse_no_answer
from distill_tests.kinds._controls import identity_controls
from distill_tests.kinds._declared import composed_pool, drawn
from distill_tests.kinds._probe import Probe
from distill_tests.kinds._protocol import Protocol, makers_sent, misleading_words, with_hard
from distill_tests.kinds._published import recorded_pool
from distill_tests.kinds._search_details import search_lines
from distill_tests.kinds._search_reading import search_case
from distill_tests.kinds._search_run import conducted
from distill_tests.kinds._searching import Searching, as_probe
from distill_tests.kinds._showing import lines, telling
from distill_tests.plan import set_hash
from distill_tests.registry import kind
from distill_tests.specfile.schemas import shipped
from distill_tests.types import (
    Ask,
    Case,
    Controls,
    Exchange,
    Exhibit,
    Judging,
    Message,
    Model,
    Outcome,
    Reply,
    Request,
    Score,
    Spec,
    Trial,
)


@kind("identity", schema=shipped("identity.json"))
class Identity:
    """Questions about the speaker, in framings; a loose contradiction is wrong."""

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:
        """The declared set in planned order; raises SpecError with every problem at once."""
        _refuse_gates_without_a_judge(spec)
        if "search" in spec.body:
            return (search_case(spec, target),)
        recorded = "recorded" in spec.body["probes"]
        pool = recorded_pool(spec, target) if recorded else composed_pool(spec)
        protocol: Protocol = spec.body.get("protocol", "corrected")
        cases = [_under(protocol, pool[cell]) for cell in drawn(spec, pool)]
        digest = set_hash({case.id: case.data.content() for case in cases})
        return tuple(replace(case, data=replace(case.data, set_hash=digest)) for case in cases)

    def problems(self, spec: Spec) -> Sequence[Problem]:
        """What is wrong with questions, framings and sample, whatever the target is."""
        if "search" in spec.body or "recorded" in spec.body["probes"]:
            return ()
        try:
            drawn(spec, composed_pool(spec))
        except SpecError as error:
            return error.problems
        return ()

    def opening(self, case: Case, spec: Spec, target: Model) -> Request:
        """The first user turn, with what stands before it."""
        probe: Probe = case.data
        if isinstance(case.data, Searching):  # nobody knows: one like what it starts from
            probe = as_probe(case.data.seeds[0].template, case.data.questions[0], target)
        turn = probe.asked_of(target)[0]
        messages = (*_system(probe, target), _user(turn))
        return _request(messages, spec, target, sample=probe.first_sample)

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        """One call a turn; a completion is one.  Of a search: what it may use, with judge and mutator."""
        if isinstance(case.data, Searching):
            return 1, case.data.most_calls
        turns = len(case.data.turns)
        return (turns if case.data.completion is None else 1), turns

    async def conduct(
        self, case: Case, spec: Spec, target: Model, *, sample: int, ask: Ask, judge: Judging
    ) -> Trial:
        """The dialogue, turn by turn with the target's own answers; the last answer is judged.

        Raises EmptyReply where a turn brings no answer.
        """
        if isinstance(case.data, Searching):
            return await self._search(case, spec, target, ask, judge)
        probe: Probe = case.data
        turns = probe.asked_of(target)
        messages = _system(probe, target)
        exchanges: list[Exchange] = []
        for number, turn in enumerate(turns, start=1):
            request = _request((*messages, _user(turn)), spec, target, sample=probe.first_sample + sample)
            reply = await ask(request)
            _refuse_empty(
                reply, spec, probe, target, f"turn {number} of {len(turns)}" if len(turns) > 1 else ""
            )
            exchanges.append(Exchange(request=request, reply=reply))
            messages = (*request.messages, Message(role="assistant", text=reply.text))
        cut_off = reply.finish == "length"
        if cut_off and spec.on_cutoff == "unscored":
            score = _unscored_cut_off(spec)
        else:
            score = await judge(_exhibit(case, turns, reply, target))
        score = with_hard(score, _misled_by(probe, exchanges, target))
        return Trial(exchanges=tuple(exchanges), answer=reply.text, score=score, cut_off=cut_off)

    async def _search(self, case: Case, spec: Spec, target: Model, ask: Ask, judge: Judging) -> Trial:
        async def conduct(probe: Case, ask: Ask, judge: Judging, sample: int) -> Trial:
            return await self.conduct(probe, spec, target, sample=sample, ask=ask, judge=judge)

        return await conducted(
            case, spec, target, ask=ask, judge=judge, conduct=conduct, clock=time.monotonic
        )

    def controls(self, spec: Spec, target: Model) -> Controls:
        """Answers of which it is known whether they claim another maker, canned and of the model itself."""
        return identity_controls(spec, target)

    def wrong(self, trial: Trial) -> bool:
        """Whether the judge saw a loose contradiction (a persona, or another real maker)."""
        return trial.score.value is not None and trial.score.value >= 0.5

    def explain(self, outcome: Outcome) -> str:
        """Asked, answered and judged, of the first wrong trial, else of the first; visible text."""
        if isinstance(outcome.case.data, Searching):
            return "\n".join(search_lines(outcome))
        return "\n".join(lines(outcome, telling(outcome, self.wrong), self.wrong))


# --- asking and judging -------------------------------------------------------------------------


def _refuse_gates_without_a_judge(spec: Spec) -> None:
    """Raises SpecError for gates that could never be decided, before anything is paid for."""
    if spec.gates and spec.judge is None:
        what = "key 'judge' is missing: gates count what a judge says of each answer"
        raise SpecError([Problem(place=spec.place("gates"), what=what, allowed="for example judge: claims")])


def _under(protocol: Protocol, case: Case) -> Case:
    return replace(case, data=replace(case.data, protocol=protocol))


def _system(probe: Probe, target: Model) -> tuple[Message, ...]:
    """All system messages as one; what "none" means the provider knows."""
    texts = probe.system_of(target)
    return (Message(role="system", text="\n\n".join(texts)),) if texts else ()


def _user(text: str) -> Message:
    return Message(role="user", text=text)


def _request(messages: tuple[Message, ...], spec: Spec, target: Model, *, sample: int) -> Request:
    return Request(model=target, messages=messages, sampling=spec.sampling, sample=sample)


def _refuse_empty(reply: Reply, spec: Spec, probe: Probe, target: Model, turn: str) -> None:
    """Raises EmptyReply for what is no answer; invisible characters are none.

    The placeholder that a publisher wrote for a failed call is none either, except for the publisher's
    own verdict on it (judge ``recorded``) and under the published protocol, which counts it as an answer.
    """
    where = f"{target.alias}: {turn}: " if turn else f"{target.alias}: "
    published = probe.protocol == "published" or (spec.judge is not None and spec.judge.name == "recorded")
    refuse_no_answer(reply, where, but=("call_failed",) if published else ())


def _misled_by(probe: Probe, exchanges: Sequence[Exchange], target: Model) -> tuple[str, ...]:
    if probe.protocol == "published":
        texts = (probe.framing, probe.question, *(probe.asked_of(target) if not probe.framing else ()))
        return misleading_words(*texts)
    return makers_sent(exchanges, target.identity)


def _exhibit(case: Case, turns: Sequence[str], reply: Reply, target: Model) -> Exhibit:
    """What the judge is shown: under the published protocol the answer and the facts only."""
    probe: Probe = case.data
    if probe.protocol == "published":
        return Exhibit(
            id=case.id,
            answer=reply.text,
            thinking=reply.thinking,
            identity=target.identity,
            recorded=probe.recorded,
        )
    return Exhibit(
        id=case.id,
        answer=reply.text,
        prompt="\n\n".join(filter(None, (probe.system, *turns))),
        question=probe.question,
        framing=probe.framing,
        thinking=reply.thinking,
        identity=target.identity,
        recorded=probe.recorded,
    )


def _unscored_cut_off(spec: Spec) -> Score:
    reason = f"the reply reached max_tokens ({spec.sampling.max_tokens}), and on_cutoff is unscored"
    return Score(value=None, label="cut-off", reason=reason)
