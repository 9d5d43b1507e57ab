"""The nouns of the project: frozen dataclasses, standard library only.

One word for one thing, in YAML, code and reports.  Text that came from a model or from a data
file is untrusted wherever it stands here; whoever shows it makes it visible text first.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"
Pointer: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a YAML document: keys and indices from the root."""


# --- where things stand -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position in a file a person wrote; line and column count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


# --- models -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """An honest disclosure that is no contradiction, such as ``built_on``."""

    relation: str
    model: str | None = None
    maker: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a model really is."""

    name: str
    maker: str
    former: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    accept: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model card of ``models.yaml``.

    ``system`` is ``"default"`` (no system message is sent, a chat template may add its own),
    ``"none"`` (as little of a system message as the provider can send) or the text to send.
    ``api_key_env`` is the *name* of an environment variable, never its value.  ``options`` holds
    the keys that only this provider knows (``weights``, ``path``, ``transcripts``, ``replies`` …).
    ``directory`` is the folder that relative paths of the card start from; ``requires`` names environment
    variables without which the card's specs are skipped in words.  ``sees_images``: None where the card does
    not say.
    """

    alias: str
    provider: str
    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    revision: str | None = None
    system: str = "default"
    ask_as: Literal["chat", "completion"] = "chat"
    sees_images: bool | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    price: Price | None = None
    confidential: bool = False
    share_with: tuple[str, ...] = ()
    target: bool = False
    identity: Identity | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    directory: str = "."
    requires: tuple[str, ...] = ()
    place: Place | None = None


# --- specs --------------------------------------------------------------------------------------

Claim: TypeAlias = Literal["declared-set", "declared-set-resampled", "population"]
"""What a verdict or an interval is about: the declared set as it was answered in this run; the same set
answered anew; clusters (framings …) like those of the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a reply is drawn; ``None`` leaves the choice to the endpoint."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeUse:
    """A judge as a spec names it: registered name, options, and the model it asks, if any.

    ``models``: by alias, the cards that the judges named in its options ask instead of ``model``.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    model: Model | None = None
    models: Mapping[str, Model] = field(default_factory=dict)

    def asked(self) -> tuple[Model, ...]:
        """Every model that may be shown what is judged."""
        return (*((self.model,) if self.model else ()), *self.models.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationUse:
    """A stored calibration as a spec names it.

    ``stored`` is the :class:`~distill_tests.calibrations.Calibration` in the file ``path``; None where the
    file lies behind a variable without which the spec is skipped.
    """

    path: str
    stored: Any = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a gate compares with: a ``run`` (its directory or run.jsonl) or a recorded ``model``; one of them.

    ``target`` is the alias in the run, None: that of the model under audit.  ``control``: the name under
    which the spec has the ``model`` as a control; it is asked like a target then, recorded or not.
    """

    run: str | None = None
    model: Model | None = None
    target: str | None = None
    control: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A threshold on a statistic.  Exactly one of ``at_most`` and ``at_least`` is set.

    ``confidence`` is the one-sided level for a partial set; ``stop_early`` ends the asking when it
    decides; ``max_missing`` the share of the asked cells in [0, 1] without a usable score above which the
    gate is BROKEN; ``min_n`` the least number of scored cells for a verdict.  ``over``: whose means a
    ``population`` claim takes, as a dimension of the cases' clusters; None: the first of them.  With a
    ``baseline`` the threshold is on the difference new - old.  ``across``: one gate over all targets of the
    spec, on the worst of them, their mean, the distance between the best and the worst, or (``together``, for
    statistics that say so) a value that only all of them have.
    """

    name: str
    statistic: str
    at_most: float | None = None
    at_least: float | None = None
    confidence: float = 0.95
    min_n: int = 1
    max_missing: float = 0.1
    stop_early: bool = False
    claim: Claim = "declared-set"
    over: str | None = None
    baseline: Baseline | None = None
    across: Literal["worst", "mean", "spread", "together"] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One YAML file, read, checked and with its includes in place.

    ``body`` holds the keys that belong to the kind, as plain data; where the YAML says
    ``include: a.yaml`` (or a list) the body holds a *list of documents* instead of the path(s).
    ``places`` maps a pointer (from the root of the spec) to the position of its *value*; a pointer
    that goes through an include points into the included file.  ``requires`` names environment
    variables without which the spec is skipped in words, outside the verdict.
    """

    path: str
    kind: str
    title: str
    source: str | None = None
    targets: tuple[str, ...] | Literal["all"] = "all"
    models: Mapping[str, Model] = field(default_factory=dict)
    judge: JudgeUse | None = None
    sampling: Sampling = field(default_factory=Sampling)
    repeats: int = 1
    on_miss: Literal["gate", "fail"] = "fail"
    on_cutoff: Literal["judge", "unscored"] = "judge"
    gates: tuple[Gate, ...] = ()
    canaries: tuple[Canary, ...] = ()
    calibration: CalibrationUse | None = None
    requires: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[Pointer, Place] = field(default_factory=dict)

    def place(self, *pointer: str | int) -> Place:
        """The position of the value at ``pointer``, or of the nearest thing around it."""
        for end in range(len(pointer), -1, -1):
            found = self.places.get(pointer[:end])
            if found is not None:
                return found
        return Place(path=self.path, line=1, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to a target, or one dialogue: what becomes one test.

    ``id`` is a slug (it appears in node ids, no ``[ ] : /``).  ``data`` is the kind's own frozen
    dataclass.  ``clusters`` names, dimension by dimension, what the case shares with others:
    ``{"framing": "narrator", "question": "developer"}``, first what weighs most; ``groups`` what results
    are split by:
    ``{"framing": "narrator", "family": "fiction", "topic": "maker", "language": "en"}``.
    """

    id: str
    data: Any
    place: Place
    tags: tuple[str, ...] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


# --- what measures the audit itself -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """An answer with a known verdict, planted among the others: a judge that misses it breaks the run.

    ``identity`` None: the target's own.  ``expect`` holds what the verdict must be: ``label``, ``claimed``,
    ``value`` or a mark by its name (true and false are 1 and 0).
    """

    id: str
    answer: str
    expect: Mapping[str, Json]
    question: str = ""
    framing: str = ""
    identity: Identity | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A case with a known outcome, beside the declared set: no gate counts it.

    ``group`` is what it is reported under, such as ``"told"``; ``positive``: the mark ``mark`` is to be
    found, else it is to be absent.  ``reply`` is the answer that stands for the model's; None: the model
    is asked, as the card ``target``.
    """

    case: Case
    group: str
    positive: bool
    mark: str
    target: Model
    reply: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The controls of one spec on one model; ``least_found``: of the positives of a group that asks the
    model, the share below which the run is BROKEN.  ``absent`` says why there are none, or not all."""

    controls: tuple[Control, ...] = ()
    least_found: float = 0.5
    absent: str = ""


# --- asking -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image sent with a message."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call.  ``messages`` is exactly what is sent; ``sample`` tells repeats apart.

    ``logprobs``: how many alternatives per token are wanted, or ``None``.  ``json_schema``: the
    structured output that is wanted, or ``None``.
    """

    model: Model
    messages: tuple[Message, ...]
    sampling: Sampling
    sample: int = 0
    logprobs: int | None = None
    json_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, with the receipts by which a lab can find the call in its own logs.

    ``text`` is the answer without the thinking part.  ``finish`` is ``stop``, ``length`` (cut off at
    max_tokens), ``refusal``, ``content_filter`` or the endpoint's own word.  ``received_at`` is UTC,
    ISO 8601.  ``rendered`` is the prompt after the chat template, where the provider can tell.
    ``from_store`` is set on a reply that was not asked for in this run; it is not stored.
    """

    text: str
    thinking: str | None = None
    finish: str | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    served_model: str | None = None
    system_fingerprint: str | None = None
    response_id: str | None = None
    request_id: str | None = None
    received_at: str | None = None
    body_sha256: str | None = None
    latency_s: float | None = None
    attempts: int = 1
    rendered: str | None = None
    from_store: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    request: Request
    reply: Reply


# --- judging ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What a judge is shown.  Every text in it is untrusted: data, never instructions.

    ``prompt`` is all the target was sent (for echoes); ``identity`` the target's identity card;
    ``recorded`` what a published transcript says of this answer (``{"loose": True}``).
    """

    answer: str
    id: str = ""
    prompt: str = ""
    question: str = ""
    framing: str = ""
    thinking: str | None = None
    identity: Identity | None = None
    references: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    recorded: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of the answer, and what they show."""

    start: int
    end: int
    shows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A judge's verdict on one answer.  ``value`` ``None`` means unscored, whatever else is set.

    ``value`` is the judge's headline number within its declared scale; ``marks`` its other numbers
    by name (``{"loose": 1.0, "strict": 0.0}``); a mark that the judge cannot tell is absent.
    ``claimed`` is whom the speaker says it is, for identity judges.  ``unsure``: the judge gives a verdict
    that another judge should look at (``cascade`` passes it on).  ``details`` is what else a judge can
    tell of how it came to this: its version, the model it asked, its votes.
    """

    value: float | None
    label: str
    reason: str = ""
    evidence: tuple[Span, ...] = ()
    marks: Mapping[str, float] = field(default_factory=dict)
    claimed: str | None = None
    unsure: bool = False
    judge: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One question to the target, answered and judged.  ``cut_off``: the reply hit max_tokens."""

    exchanges: tuple[Exchange, ...]
    answer: str
    score: Score
    cut_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A case with its trials (``repeats`` of them).  ``notes``: retries, cut-backs, in words."""

    case: Case
    target: Model
    trials: tuple[Trial, ...]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


# --- deciding -----------------------------------------------------------------------------------


class Verdict(enum.StrEnum):
    """MISSED is wrong, but only the gates punish it."""

    PASSED = "passed"
    MISSED = "missed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a gate sees of its declared set, in planned order.

    ``outcomes`` are the cases that were answered; ``failed`` were asked and gave no usable reply;
    ``undrawn`` were not asked.  ``order`` holds the ids of the asked ones in planned order; empty: the
    outcomes, then the failed.  A case holds ``repeats`` cells; ``level`` is the two-sided confidence
    level for intervals.
    """

    outcomes: tuple[Outcome, ...]
    failed: tuple[Case, ...] = ()
    undrawn: tuple[Case, ...] = ()
    order: tuple[str, ...] = ()
    repeats: int = 1
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval.

    ``n`` scored cells, ``missing`` cells that were asked and have no score, ``undrawn`` cells that
    were not asked, ``clusters`` the number of distinct clusters by dimension.  ``total`` is the sum
    of the scored cells on a 0..1 scale, for statistics that are the mean of bounded cells
    (rates, accuracies); ``None`` for others.  ``method`` says how the interval was made, ``about`` what
    it is about, where that is known.  What clustering makes of n: ``icc`` the intra-class correlation by
    dimension (None: it cannot be told), ``design_effect`` and ``effective_n``.  ``details`` is what else the
    statistic can tell, as plain data: a ranking, a matrix, a value for each group.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    missing: int = 0
    undrawn: int = 0
    clusters: Mapping[str, int] = field(default_factory=dict)
    level: float = 0.95
    method: str = ""
    total: float | None = None
    about: Claim | None = None
    icc: Mapping[str, float | None] = field(default_factory=dict)
    design_effect: float | None = None
    effective_n: float | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The e-values of a gate for "passed" and for "failed"; infinite where logic decides.

    Each is the largest capital that its bet ever had, so that 1 over it is a p-value valid at any time.
    """

    passing: float
    failing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A gate's cells beside those of its baseline, on the cases that it counted.

    ``new`` and ``old`` are the means over the ``pairs`` of scored cells; ``old_low`` to ``old_high`` is an
    interval of the latter for cases like these, where all were asked; ``old_of_set`` is the baseline's mean
    over the whole set.  ``worse`` and ``better``: the ids of the cases that changed, in planned order.
    """

    baseline: str
    pairs: int
    new: float | None
    old: float | None
    old_of_set: float
    old_low: float | None = None
    old_high: float | None = None
    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingGroup:
    """A framing, a question … whose own rate is beyond the gate's threshold: ``wrong`` of ``n`` cells."""

    name: str
    wrong: float
    n: int
    evidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingGroups:
    """The groups of one ``dimension``, ``of`` so many, that fail for themselves.

    Of those found a share of ``alpha`` at most is there by chance, in expectation.
    """

    dimension: str
    of: int
    alpha: float
    found: tuple[FailingGroup, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """``evidence`` None: not known; ``comparison`` of a gate with a baseline; ``failing`` by dimension."""

    gate: Gate
    estimate: Estimate
    verdict: Verdict
    explanation: str
    evidence: Evidence | None = None
    comparison: Comparison | None = None
    failing: tuple[FailingGroups, ...] = ()


# --- showing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number in a table, with its interval where it has one; ``value`` None: it cannot be told."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


Cell: TypeAlias = str | int | float | Number | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a kind shows of a whole run: targets x prompt sets, accuracy by subject, a ranking, a matrix.

    Every row has as many cells as there are ``columns``; texts in cells are shown as text.  ``notes`` stand
    below: how intervals were made, what was left out, what the numbers cannot show.  ``digits`` after the
    decimal point, of every number that is no count.  ``brief``: how many rows the terminal shows; None: all.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    digits: int = 3
    brief: int | None = None


# --- the callables ------------------------------------------------------------------------------

Ask: TypeAlias = Callable[[Request], Awaitable[Reply]]
"""The only effect in the system."""

Judging: TypeAlias = Callable[[Exhibit], Awaitable[Score]]
"""A judge as a kind gets it: options bound, CPU work off the loop, trouble turned into unscored."""
