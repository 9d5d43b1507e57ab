"""Lineage of a model under audit: from the answers of its cases to a comparison with the panel.

The answers come as outcomes (in a gate) or as records (in a report); both become :class:`Answers`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from distill_tests.lineage.attribution import Attribution, Ranked
from distill_tests.lineage.bench import highest_of
from distill_tests.lineage.comparing import AT_MOST, compare
from distill_tests.lineage.nulls import p_value, shipped_nulls
from distill_tests.lineage.panel import Known
from distill_tests.types import Json, Outcome

DETAILS: Final = "lineage"
"""Under this key a score's details hold the settings of its spec, and who did not answer."""
ANSWERED: Final = "answered"
MOST_MISSING: Final = 0.5
"""Of the prompts that the target answered; a member that answered fewer of them is no candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Whom a spec compares a target with.

    ``panel``: by maker its members; ``siblings``: members that are never counted as a teacher; ``base``: the
    maker of the disclosed base model; ``nulls``: null models by alias, and their makers.
    """

    panel: Mapping[str, Sequence[str]]
    siblings: tuple[str, ...] = ()
    base: str | None = None
    project_base: bool = False
    nulls: Mapping[str, str] = field(default_factory=dict)
    shipped_nulls: bool = False

    def as_json(self) -> dict[str, Json]:
        return {
            "panel": {maker: list(members) for maker, members in self.panel.items()},
            "siblings": list(self.siblings),
            "base": self.base,
            "project_base": self.project_base,
            "nulls": dict(self.nulls),
            "shipped_nulls": self.shipped_nulls,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Settings:
        return cls(
            panel={maker: tuple(members) for maker, members in told["panel"].items()},
            siblings=tuple(told["siblings"]),
            base=told["base"],
            project_base=told["project_base"],
            nulls=dict(told["nulls"]),
            shipped_nulls=told["shipped_nulls"],
        )

    @property
    def most_nulls(self) -> int:
        """How many null models there can be: with three makers or more, every member is one."""
        own = sum(map(len, self.panel.values())) if len(self.panel) > 2 else 0
        shipped = len(shipped_nulls()) if self.shipped_nulls else 0
        return own + len(self.nulls) + shipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a target and the models beside it said, by alias and prompt; ``missing`` counts errors.

    ``asked``: the user's turns of each prompt.
    """

    target: str
    settings: Settings
    texts: Mapping[str, Mapping[str, str]]
    missing: Mapping[str, int]
    asked: Mapping[str, str]


def answers_of(outcomes: Iterable[Outcome]) -> Answers | None:
    """The first answer of each case; None without any."""
    rows = [
        {
            "id": outcome.case.id,
            "target": outcome.target.alias,
            "trials": [
                {
                    "score": {"details": trial.score.details},
                    "exchanges": [
                        {
                            "model": one.request.model.alias,
                            "messages": [
                                {"role": said.role, "text": said.text} for said in one.request.messages
                            ],
                            "reply": {"text": one.reply.text},
                        }
                        for one in trial.exchanges
                    ],
                }
                for trial in outcome.trials[:1]
            ],
        }
        for outcome in outcomes
    ]
    return answers_in(rows)


def answers_in(rows: Iterable[Mapping[str, Any]]) -> Answers | None:
    """The same from the records of one target's cases under one spec."""
    texts: dict[str, dict[str, list[str]]] = {}
    missing: dict[str, int] = {}
    asked: dict[str, str] = {}
    settings: Settings | None = None
    target = ""
    for row in rows:
        if not row["trials"]:
            continue
        trial, target = row["trials"][0], row["target"]
        told = trial["score"]["details"].get(DETAILS)
        if told is None:
            continue
        settings = settings or Settings.from_json(told["settings"])
        for exchange in trial["exchanges"]:
            texts.setdefault(exchange["model"], {}).setdefault(row["id"], []).append(
                exchange["reply"]["text"]
            )
            asked[row["id"]] = _asked(exchange["messages"])
        for alias in told["missing"]:
            missing[alias] = missing.get(alias, 0) + 1
    if settings is None:
        return None
    one = {
        alias: {prompt: "\n\n".join(turns) for prompt, turns in prompts.items()}
        for alias, prompts in texts.items()
    }
    return Answers(target=target, settings=settings, texts=one, missing=missing, asked=asked)


def _asked(messages: Iterable[Mapping[str, Any]]) -> str:
    return "\n\n".join(message["text"] for message in messages if message["role"] == "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The attribution of a target; ``candidate``: the first in the ranking that could be named as a teacher.

    ``p`` is the candidate's; ``finest`` the smallest that the null models and the number of candidates allow,
    1 without candidates.  ``absent``: members of the
    panel that answered too little to be candidates.
    """

    attribution: Attribution
    candidate: Ranked | None
    p: float
    finest: float
    nulls: int
    absent: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """What a gate's estimate keeps of it, and a report shows."""
        told = self.attribution
        return {
            "nearest": told.nearest,
            "is_base": told.is_base,
            "p": self.p,
            "finest_p": self.finest,
            "nulls": self.nulls,
            "prompts": told.prompts,
            "missing": told.missing,
            "one_word": told.short,
            "absent": list(self.absent),
            "reason": told.reason,
            "notes": list(told.notes),
            "ranking": [
                {
                    "maker": one.maker,
                    "member": one.member,
                    "similarity": one.similarity,
                    "low": one.low,
                    "high": one.high,
                    "p": one.p,
                }
                for one in told.ranking
            ],
        }


def finding_of(answers: Answers, *, at_most: float = AT_MOST) -> Finding:
    """The nearest maker of the panel, or none; raises DataError where nothing can be compared."""
    settings = answers.settings
    answered = len(answers.texts.get(answers.target, {}))
    present = {
        alias: len(prompts)
        for alias, prompts in answers.texts.items()
        if len(prompts) >= MOST_MISSING * answered
    }
    members = [alias for group in settings.panel.values() for alias in group]
    absent = tuple(alias for alias in members if alias not in present and alias != answers.target)
    panel = {
        maker: [alias for alias in group if alias in present and alias != answers.target]
        for maker, group in settings.panel.items()
    }
    panel = {maker: group for maker, group in panel.items() if group}
    siblings = tuple(alias for alias in settings.siblings if alias != answers.target)
    known = Known(
        bases={answers.target: settings.base} if settings.base else {},
        siblings={answers.target: siblings},
        base_use="project" if settings.project_base else "aside",
    )
    asked = [alias for alias in settings.nulls if alias in present and alias != answers.target]
    found = compare(
        answers.texts,
        panel,
        [answers.target],
        known=known,
        asked=answers.asked,
        nulls=shipped_nulls() if settings.shipped_nulls else (),
        null_models={alias: settings.nulls[alias] for alias in asked},
        at_most=at_most,
    )
    (attribution,) = found.attributions
    candidate = next((one for one in attribution.ranking if one.maker != settings.base), None)
    return Finding(
        attribution=attribution,
        candidate=candidate,
        p=candidate.p if candidate else 1.0,
        finest=p_value(highest_of(len(attribution.ranking)), found.nulls) if candidate else 1.0,
        nulls=len(found.nulls),
        absent=absent,
    )


def refuse_unfit(settings: Settings, fwer: float) -> str | None:
    """Why a gate at this level could never fail, in words; None where it could."""
    most = settings.most_nulls
    if 1 / (most + 1) <= fwer:
        return None
    needed = math.ceil(1 / Fraction(str(fwer))) - 1
    return (
        f"{most} null models can tell no p-value below {1 / (most + 1):.3g}, so at fwer {fwer:g} the gate "
        f"could never fail; it takes {needed:,}"
    )
