"""``kind: identity``: whom does the speaker say it is, whatever the question is wrapped in?

The declared set is questions x framings x languages, or the part of it that ``sample`` draws, in the
planned order of :mod:`distill_tests.plan`; or the rows of the target's own recording.  After "ICE" in
Lee et al. 2025 (arXiv 2501.12619), with a fixed declared set in the place of its adaptive search.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

from distill_tests.errors import EmptyReply
from distill_tests.kinds._declared import composed_pool, drawn
from distill_tests.kinds._probe import Probe
from distill_tests.kinds._published import recorded_pool
from distill_tests.kinds._showing import lines, telling
from distill_tests.plan import set_hash
from distill_tests.registry import kind
from distill_tests.types import (
    Ask,
    Case,
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

SCHEMA: Mapping[str, Any] = json.loads(
    resources.files("distill_tests").joinpath("schema", "identity.json").read_text(encoding="utf-8")
)
NOT_AN_ANSWER = ("refusal", "content_filter", "call_failed")


@kind("identity", schema=SCHEMA)
class Identity:
    """Questions about the speaker, in framings; a loose contradiction is wrong."""

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:
        """The declared set in planned order; raises SpecError with every problem at once."""
        recorded = "recorded" in spec.body["probes"]
        pool = recorded_pool(spec, target) if recorded else composed_pool(spec)
        cells = drawn(spec, pool)
        digest = set_hash({cell.id: pool[cell].data.content() for cell in cells})
        return tuple(replace(pool[cell], data=replace(pool[cell].data, set_hash=digest)) for cell in cells)

    def opening(self, case: Case, spec: Spec, target: Model) -> Request:
        """The first user turn, with what stands before it."""
        turn = case.data.asked_of(target)[0]
        sample = case.data.first_sample
        return _request((*_system(case.data, target), _user(turn)), spec, target, sample=sample)

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        """One call a turn; a completion is one."""
        turns = len(case.data.turns)
        return (turns if case.data.completion is None else 1), turns

    async def conduct(
        self, case: Case, spec: Spec, target: Model, *, sample: int, ask: Ask, judge: Judging
    ) -> Trial:
        """The dialogue, turn by turn with the target's own answers; the last answer is judged.

        Raises EmptyReply where a turn brings no answer.
        """
        probe: Probe = case.data
        turns = probe.asked_of(target)
        messages = _system(probe, target)
        exchanges: list[Exchange] = []
        for number, turn in enumerate(turns, start=1):
            request = _request((*messages, _user(turn)), spec, target, sample=probe.first_sample + sample)
            reply = await ask(request)
            _refuse_empty(reply, spec, target, f"turn {number} of {len(turns)}" if len(turns) > 1 else "")
            exchanges.append(Exchange(request=request, reply=reply))
            messages = (*request.messages, Message(role="assistant", text=reply.text))
        cut_off = reply.finish == "length"
        if cut_off and spec.on_cutoff == "unscored":
            score = _unscored_cut_off(spec)
        else:
            score = await judge(_exhibit(case, turns, reply, target))
        return Trial(exchanges=tuple(exchanges), answer=reply.text, score=score, cut_off=cut_off)

    def wrong(self, trial: Trial) -> bool:
        """Whether the judge saw a loose contradiction (a persona, or another real maker)."""
        return trial.score.value is not None and trial.score.value >= 0.5

    def explain(self, outcome: Outcome) -> str:
        """Asked, answered and judged, of the first wrong trial, else of the first; visible text."""
        return "\n".join(lines(outcome, telling(outcome, self.wrong)))


# --- asking and judging -------------------------------------------------------------------------


def _system(probe: Probe, target: Model) -> tuple[Message, ...]:
    """The target's own system message and the framing's, as one; what "none" means the provider knows."""
    own = None if target.system in ("default", "none") else target.system
    texts = [text for text in (own, probe.system) if text]
    return (Message(role="system", text="\n\n".join(texts)),) if texts else ()


def _user(text: str) -> Message:
    return Message(role="user", text=text)


def _request(messages: tuple[Message, ...], spec: Spec, target: Model, *, sample: int) -> Request:
    return Request(model=target, messages=messages, sampling=spec.sampling, sample=sample)


def _refuse_empty(reply: Reply, spec: Spec, target: Model, turn: str) -> None:
    """Raises EmptyReply for what is no answer; invisible characters are none.

    The placeholder that a publisher wrote for a failed call is none either, except for the publisher's
    own verdict on it (judge ``recorded``).
    """
    where = f"{target.alias}: {turn}: " if turn else f"{target.alias}: "
    published = spec.judge is not None and spec.judge.name == "recorded"
    if reply.finish in NOT_AN_ANSWER and not (published and reply.finish == "call_failed"):
        message = f"{where}the reply is no answer, it ended with {reply.finish!r}"
        raise EmptyReply(message, receipt=reply.request_id)
    if not any(char.isprintable() and not char.isspace() for char in reply.text):
        thought = ", only a thinking part" if reply.thinking else ""
        message = f"{where}the reply is empty (finish: {reply.finish or 'not told'}){thought}"
        raise EmptyReply(message, receipt=reply.request_id)


def _exhibit(case: Case, turns: Sequence[str], reply: Reply, target: Model) -> Exhibit:
    probe: Probe = case.data
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
