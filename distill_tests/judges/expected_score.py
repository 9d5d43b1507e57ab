"""``expected_score``: a judge model scores a caption from 0 to 100, by the probabilities of its own tokens.

The model writes its reasons and a number; the score is the mean over the numbers it could have written
there, each by its probability.  Where the tokens do not carry that, several stated numbers are drawn, or the
one that is stated is taken; which it was stands in the details, with the captured probability.  After G-VEval
(arXiv 2412.13647); ``protocol: published`` keeps the published rule.  Whatever is not plainly a score is
unscored, never 0.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from distill_tests.display import is_blank
from distill_tests.errors import DataError
from distill_tests.gathered import gathered
from distill_tests.judges._expected_draw import Bench, Draw
from distill_tests.judges._expected_options import (
    FALLBACK_TEMPERATURE,
    MOST_CONTINUED,
    MOST_SAMPLES,
    OPTIONS,
    Settings,
    settings_of,
)
from distill_tests.judges._expected_prompt import asked_for, usable_references
from distill_tests.judges._expected_reading import ACCR
from distill_tests.judges._expected_rows import medium_of, read_row, shown_images, write_row
from distill_tests.judges._expected_sum import PATHS, Summed, by_logprobs, by_statement, repeatability
from distill_tests.registry import Declared, Rows, judge
from distill_tests.types import Ask, Exhibit, Json, Model, Score

SCALE: Final = (0.0, 100.0)
LONGEST_SAID: Final = 400
LONGEST_REASON: Final = 4000
_MOST_CALLS: Final = MOST_SAMPLES * (1 + (1 + MOST_CONTINUED) * len(ACCR)) + MOST_SAMPLES


def declared(options: Mapping[str, Any]) -> Declared:
    """What the options make of this judge; raises DataError for those that cannot be used."""
    settings = settings_of(options)
    names = (*ACCR, "average") if settings.scale == "accr" else ("overall",)
    return Declared(
        scale=SCALE,
        marks=dict.fromkeys(names, SCALE),
        calls=(1, settings.calls_most),
        version=settings.version(),
    )


@judge(
    "expected_score",
    scale=SCALE,
    options=OPTIONS,
    calls=(1, _MOST_CALLS),
    rows=Rows(read=read_row, write=write_row),
    declare=declared,
)
async def expected_score(exhibit: Exhibit, *, ask: Ask, model: Model, **options: Any) -> Score:
    """The score of ``model`` for a caption (``exhibit.answer``), from 0 to 100.

    For ``scale: accr`` the value is the mean of the four marks.  Raises Refused, NotStored or Stopped where
    the judge model cannot be asked at all.
    """
    return await _Sitting(exhibit, ask, model, settings_of(options)).score()


@dataclass(frozen=True, slots=True)
class _Sitting:
    """One caption before one judge model."""

    exhibit: Exhibit
    ask: Ask
    model: Model
    settings: Settings

    async def score(self) -> Score:
        lacking = self._lacking()
        if lacking:
            return self._signed(_unscored(lacking))
        try:
            images, media = await self._images()
        except DataError as error:
            return self._signed(_unscored(str(error)))
        if self.settings.shows_images and not images:
            return self._signed(_unscored("no image"))
        settings = self.settings
        asked = asked_for(
            self.exhibit,
            settings.prompts[self._medium()],
            output=settings.output,
            images=images,
            longest=settings.max_characters,
            is_published=settings.is_published,
        )
        bench = Bench(
            ask=self.ask,
            model=self.model,
            settings=settings,
            messages=asked.messages,
            shown=(self.exhibit.answer, *(self.exhibit.references if settings.evidence != "visual" else ())),
        )
        return await self._judged(bench, {"media": media, "left_out_characters": asked.left_out})

    def _lacking(self) -> str | None:
        if is_blank(self.exhibit.answer):
            return "the caption is empty"
        if self.settings.evidence != "visual" and not usable_references(self.exhibit):
            return "no references"
        told, media = medium_of(self.exhibit), self.settings.media
        if self.settings.shows_images and told not in (None, media) and media != "auto":
            return f"a caption of {'an image' if told == 'image' else 'a video'}, and media: {media} is asked"
        return None

    def _medium(self) -> str:
        if self.settings.media != "auto":
            return self.settings.media
        return medium_of(self.exhibit) or "image"

    async def _images(self) -> Any:
        """Off the loop: a video takes seconds to decode."""
        if not self.settings.shows_images:
            return (), None
        settings = self.settings
        return await asyncio.to_thread(
            shown_images, self.exhibit, rule=settings.frame_rule, longest_side=settings.longest_side
        )

    # --- judging --------------------------------------------------------------------------------

    async def _judged(self, bench: Bench, told: Mapping[str, Json]) -> Score:
        settings, temperature = self.settings, self.settings.sampling.temperature
        first = await gathered(bench.draw(n, temperature=temperature) for n in range(settings.samples))
        usable = [draw for draw in first if draw.is_usable]
        if 2 * len(usable) <= len(first):
            return self._signed(_unscored(_failures(first)), first, told)
        sums = {name: by_logprobs(usable, name) for name in settings.names}
        more: list[Draw] = []
        if None in sums.values():
            more = await self._more(bench, usable)
            failed = [draw for draw in more if not draw.is_usable]
            if failed and 2 * len(failed) >= len(more):
                return self._signed(_unscored(_failures(more)), [*first, *more], told)
        drawn = [draw for draw in (*usable, *more) if draw.is_usable and draw.temperature > 0]
        numbers = {name: one or by_statement(usable, drawn, name) for name, one in sums.items()}
        return self._signed(self._scored(numbers, usable, told), [*first, *more], told, numbers)

    async def _more(self, bench: Bench, usable: Sequence[Draw]) -> list[Draw]:
        """Further draws, so that there are ``fallback_samples`` at a temperature above 0."""
        temperature = self.settings.sampling.temperature or FALLBACK_TEMPERATURE
        have = len(usable) if self.settings.sampling.temperature > 0 else 0
        lacking = self.settings.fallback_samples - have if self.settings.fallback_samples > 1 else 0
        if self.settings.final != "written":  # each would take as many calls again as the first
            return []
        start = self.settings.samples
        return await gathered(
            bench.draw(start + n, temperature=temperature, wants_logprobs=False) for n in range(lacking)
        )

    def _scored(
        self, numbers: Mapping[str, Summed], usable: Sequence[Draw], told: Mapping[str, Json]
    ) -> Score:
        value = statistics.fmean(one.value for one in numbers.values())
        marks = {name: one.value for name, one in numbers.items()}
        if self.settings.scale == "accr":
            marks["average"] = value
        nearest = min(usable, key=lambda draw: abs(_headline(draw) - value))
        reason = nearest.reason[:LONGEST_REASON]
        if told["left_out_characters"]:
            reason += f" ({told['left_out_characters']:,} characters were not shown to the judge model)"
        return Score(value=value, label="scored", reason=reason, marks=marks)

    # --- signing --------------------------------------------------------------------------------

    def _signed(
        self,
        score: Score,
        draws: Sequence[Draw] = (),
        told: Mapping[str, Json] | None = None,
        numbers: Mapping[str, Summed] | None = None,
    ) -> Score:
        settings, version = self.settings, self.settings.version()
        model = {
            "provider": self.model.provider,
            "model": self.model.model,
            "base_url": self.model.base_url,
            "revision": self.model.revision,
        }
        whole = hashlib.sha256(json.dumps([version, model], sort_keys=True).encode()).hexdigest()
        sums = list((numbers or {}).values())
        masses = [one.mass for one in sums]
        details: dict[str, Json] = {
            "scale": settings.scale,
            "evidence": settings.evidence,
            "medium": self._medium(),
            "protocol": settings.protocol,
            "prompt": settings.prompts[self._medium()].told(),
            "version": version,
            "model": {"alias": self.model.alias, **model},
            "sampling": {k: v for k, v in asdict(settings.sampling).items() if v not in (None, ())},
            "path": max((one.path for one in sums), key=PATHS.index, default=None),
            "captured_mass": None
            if None in masses
            else min((m for m in masses if m is not None), default=None),
            "least_mass": settings.least_mass,
            "numbers": {name: one.told() for name, one in (numbers or {}).items()},
            "repeatability": repeatability(sums),
            **(told or {}),
            "replies": [_reply(draw) for draw in draws],
        }
        return replace(score, judge=f"expected_score@{whole[:8]}", details=details)


def _unscored(reason: str) -> Score:
    return Score(value=None, label="unscored", reason=reason)


def _headline(draw: Draw) -> float:
    """A reply's own score: what its logprobs come to, or what it states."""
    return statistics.fmean(
        number.found.value if number.found is not None and not number.why else float(number.stated or 0)
        for number in draw.numbers.values()
    )


def _failures(draws: Sequence[Draw]) -> str:
    reasons = list(dict.fromkeys(draw.trouble for draw in draws if draw.trouble))
    if len(draws) == 1:
        return reasons[0]
    failed = sum(not draw.is_usable for draw in draws)
    return f"{failed} of {len(draws)} replies are no scores: {'; '.join(reasons)}"


def _reply(draw: Draw) -> dict[str, Json]:
    """A reply with its receipts, and how it began where it is no score."""
    reply = draw.reply
    receipts: dict[str, Json] = {}
    if reply is not None:
        receipts = {
            "served_model": reply.served_model,
            "response_id": reply.response_id,
            "request_id": reply.request_id,
            "finish": reply.finish,
            "from_store": reply.from_store,
            "said": None if draw.is_usable else reply.text[:LONGEST_SAID],
        }
    return {
        "sample": draw.sample,
        "temperature": draw.temperature,
        "stated": {name: number.stated for name, number in draw.numbers.items()} or None,
        "trouble": draw.trouble or None,
        "digit_calls": sum(number.calls for number in draw.numbers.values()),
        "notes": list(draw.notes),
        **receipts,
    }
