"""``rubric``: another model judges, by a written rubric; of identity by default, or of anything else.

Whatever is not plainly a verdict is unscored, with its reason: a reply that is cut off, empty, refused, no
JSON, outside of a scale, in doubt with itself, or without a majority.  What shaped a verdict (prompts,
options, judge model) stands in its details and, as eight digits, in its name: ``rubric@1a2b3c4d``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from distill_tests.errors import ProviderError, Refused
from distill_tests.gathered import gathered
from distill_tests.judges._ballot import Outcome, Vote, combined, turned_back
from distill_tests.judges._rubric_fields import Unusable, read_reply, reply_schema
from distill_tests.judges._rubric_options import MOST_VOTES, OPTIONS, Settings, settings_of
from distill_tests.judges._rubric_prompt import missing, prompt_for, shown_texts
from distill_tests.judges._rubric_rows import read_row, write_row
from distill_tests.judges._rubric_score import consistent, is_identity, score_of
from distill_tests.judges._rubric_text import told
from distill_tests.registry import Declared, Rows, judge
from distill_tests.types import Ask, Exhibit, Json, Model, Reply, Request, Score

ENDED: Final = (None, "stop", "end_turn", "stop_sequence", "eos", "eos_token")
"""How a reply ends that was not cut off, withheld or broken."""
LONGEST_SAID: Final = 400


def declared(options: Mapping[str, Any]) -> Declared:
    """What the options make of this judge; raises DataError for those that cannot be used."""
    settings = settings_of(options)
    rubric = settings.rubric
    if is_identity(rubric):
        scale, marks = (0.0, 1.0), {"loose": (0.0, 1.0), "strict": (0.0, 1.0)}
    else:
        marks = {one.name: (one.low, one.high) for one in rubric.fields if one.sort in ("score", "flag")}
        scale = marks[rubric.value]
    return Declared(
        scale=scale,
        marks=marks,
        calls=(1, settings.calls_most),
        needs_identity=rubric.shows("facts"),
        version=settings.version(),
    )


@judge(
    "rubric",
    options=OPTIONS,
    calls=(1, MOST_VOTES * 2 * 2),
    rows=Rows(read=read_row, write=write_row),
    declare=declared,
)
async def rubric(exhibit: Exhibit, *, ask: Ask, model: Model, **options: Any) -> Score:
    """The verdict of ``model`` on the exhibit.

    Raises Refused, NotStored or Stopped where the judge model cannot be asked at all.
    """
    return await _Sitting(exhibit, ask, model, settings_of(options)).score()


@dataclass(frozen=True, slots=True)
class _Sitting:
    """One exhibit before one judge model."""

    exhibit: Exhibit
    ask: Ask
    model: Model
    settings: Settings

    async def score(self) -> Score:
        rubric = self.settings.rubric
        lacking = missing(self.exhibit, rubric)
        if lacking is not None:
            return self._signed(_unscored(lacking), [], None, 0)
        orders = (False, True) if self.settings.both_orders else (False,)
        votes = await gathered(
            self._vote(number, swapped) for swapped in orders for number in range(self.settings.votes)
        )
        outcome = combined(votes, rubric)
        left_out = prompt_for(self.exhibit, rubric, longest=self.settings.max_characters).left_out
        return self._signed(self._scored(outcome, left_out), votes, outcome, left_out)

    def _scored(self, outcome: Outcome, left_out: int) -> Score:
        if outcome.tally.values is None:
            return _unscored(outcome.tally.trouble)
        score = score_of(outcome.tally.values, self.settings.rubric, self.exhibit)
        notes = list(outcome.notes)
        if left_out:
            notes.append(f"{left_out:,} characters were not shown to the judge model")
        if left_out and is_identity(self.settings.rubric) and not score.value:
            return _unscored(f"no contradiction in what was shown, but {notes[-1]}")
        return replace(score, reason="; ".join([score.reason, *notes]))

    # --- asking ---------------------------------------------------------------------------------

    async def _vote(self, number: int, is_swapped: bool) -> Vote:
        """The vote of that number; where its reply is no verdict and retries allow, of one more sample."""
        vote = await self._asked(number, is_swapped)
        if vote.verdict is None and self.settings.retries:
            again = await self._asked(number + self.settings.votes, is_swapped)
            if again.verdict is None:
                return replace(again, trouble=f"{again.trouble} (asked twice)")
            return again
        return vote

    async def _asked(self, sample: int, is_swapped: bool) -> Vote:
        request = self._request(sample, is_swapped)
        try:
            reply = await self.ask(request)
        except Refused:
            raise
        except ProviderError as error:
            return Vote(sample=sample, is_swapped=is_swapped, trouble=str(error))
        vote = Vote(sample=sample, is_swapped=is_swapped, reply=reply)
        try:
            return replace(vote, verdict=self._verdict(reply, is_swapped))
        except Unusable as trouble:
            return replace(vote, trouble=str(trouble))

    def _request(self, sample: int, is_swapped: bool) -> Request:
        settings, rubric = self.settings, self.settings.rubric
        prompt = prompt_for(self.exhibit, rubric, longest=settings.max_characters, is_swapped=is_swapped)
        is_structured = settings.structured and self.model.ask_as == "chat"
        return Request(
            model=self.model,
            messages=prompt.messages,
            sampling=settings.sampling,
            sample=sample,
            json_schema=reply_schema(rubric.fields, title="verdict") if is_structured else None,
        )

    def _verdict(self, reply: Reply, is_swapped: bool) -> Mapping[str, Json]:
        if reply.finish == "length":
            limit = self.settings.sampling.max_tokens
            raise Unusable(f"the judge model's reply was cut off at max_tokens ({limit})")
        if reply.finish not in ENDED:
            raise Unusable(f"the judge model's reply ended with {reply.finish!r}")
        fields = self.settings.rubric.fields
        texts = shown_texts(self.exhibit, longest=self.settings.max_characters)
        verdict = read_reply(reply.text, fields, texts=texts)
        verdict = consistent(verdict, self.settings.rubric)
        return turned_back(verdict, fields) if is_swapped else verdict

    # --- signing --------------------------------------------------------------------------------

    def _signed(self, score: Score, votes: Sequence[Vote], outcome: Outcome | None, left_out: int) -> Score:
        version = self.settings.version()
        model = {
            "provider": self.model.provider,
            "model": self.model.model,
            "base_url": self.model.base_url,
            "revision": self.model.revision,
        }
        whole = hashlib.sha256(json.dumps([version, model], sort_keys=True).encode()).hexdigest()
        details: dict[str, Json] = {
            "rubric": told(self.settings.rubric),
            "version": version,
            "model": {"alias": self.model.alias, **model},
            "sampling": _sampling(self.settings),
            "votes": {
                "asked": len(votes),
                "usable": sum(vote.verdict is not None for vote in votes),
                "spread": outcome.tally.spread if outcome else 0.0,
            },
            "order_gap": outcome.order_gap if outcome else None,
            "left_out_characters": left_out,
            "replies": [_reply(vote) for vote in votes],
        }
        return replace(score, judge=f"rubric@{whole[:8]}", details=details)


def _unscored(reason: str) -> Score:
    return Score(value=None, label="unscored", reason=reason)


def _sampling(settings: Settings) -> dict[str, Json]:
    return {key: value for key, value in asdict(settings.sampling).items() if value not in (None, ())}


def _reply(vote: Vote) -> dict[str, Json]:
    """A vote with the receipts of its reply, and how it began where it is no verdict."""
    reply = vote.reply
    receipts: dict[str, Json] = {}
    if reply is not None:
        receipts = {
            "served_model": reply.served_model,
            "response_id": reply.response_id,
            "request_id": reply.request_id,
            "finish": reply.finish,
            "from_store": reply.from_store,
            "said": reply.text[:LONGEST_SAID] if vote.verdict is None else None,
        }
    return {
        "sample": vote.sample,
        "swapped": vote.is_swapped,
        "verdict": vote.verdict,
        "trouble": vote.trouble or None,
        **receipts,
    }
