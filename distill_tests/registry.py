"""Registries of kinds, providers, judges, statistics and reporters, filled by decorators.

A registry imports its package (``distill_tests.judges`` …) the first time somebody looks a name up,
so a new file in that folder is found without being listed anywhere, and nothing heavy is imported
before it is needed.  A user's own ``conftest.py`` uses the same decorators.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from distill_tests.errors import DistillError, UnknownName
from distill_tests.types import (
    Ask,
    Case,
    Controls,
    Estimate,
    Exhibit,
    Gate,
    Json,
    Judging,
    Model,
    Outcome,
    Pointer,
    Reply,
    Request,
    Sample,
    Score,
    Spec,
    Table,
    Trial,
)

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things.  ``what`` is the word for one of them in messages."""

    def __init__(self, what: str, package: str) -> None:
        self.what = what
        self._package = package
        self._things: dict[str, T] = {}
        self._loaded = False

    def add(self, name: str, thing: T) -> None:
        """Register ``thing``.  A name is given once; the same definition may be imported twice."""
        known = self._things.get(name)
        if known is not None and _origin(known) != _origin(thing):
            raise DistillError(f"{self.what} {name!r} is already defined in {_origin(known)[0]}")
        self._things[name] = thing

    def get(self, name: str) -> T:
        """The thing called ``name``; raises :class:`UnknownName` with near misses."""
        self._load()
        if name not in self._things:
            near = difflib.get_close_matches(name, self._things, n=3, cutoff=0.6)
            raise UnknownName(self.what, name, near, sorted(self._things))
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._things))

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")


def _origin(thing: object) -> tuple[str, str]:
    subject: Any = thing
    for attribute in ("function", "make", "kind"):
        subject = getattr(subject, attribute, None) or subject
    if not hasattr(subject, "__qualname__"):
        subject = type(subject)
    return subject.__module__, subject.__qualname__


# --- what can be registered ---------------------------------------------------------------------


class Kind(Protocol):
    """A kind of audit: turns a spec into cases and a case into trials.

    ``schema`` is the JSON Schema (2020-12, an object with ``properties`` and perhaps ``required``)
    of the keys that belong to the kind, next to those every spec has.
    """

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:
        """The declared set in planned order; raises SpecError with every problem at once."""
        ...

    def opening(self, case: Case, spec: Spec, target: Model) -> Request | None:
        """The first request of the case, if it is known before anything is asked."""
        ...

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:
        """The least and most calls to the target for one trial of the case, for ``--plan``."""
        ...

    async def conduct(
        self, case: Case, spec: Spec, target: Model, *, sample: int, ask: Ask, judge: Judging
    ) -> Trial:
        """Ask and judge one trial; ``sample`` (0 … repeats-1) goes into its requests."""
        ...

    def wrong(self, trial: Trial) -> bool:
        """Whether this scored trial is what ``on_miss`` punishes."""
        ...

    def explain(self, outcome: Outcome) -> str:
        """What a person needs to see of this outcome, in a few lines of trusted-to-be-raw text."""
        ...


class Controlled(Protocol):
    """What a kind offers where it can measure itself: cases with a known outcome, beside the declared set."""

    def controls(self, spec: Spec, target: Model) -> Controls:
        """Cheap and pure; what cannot be controlled is said in ``absent``."""
        ...


class Asking(Protocol):
    """What a kind offers that asks other models beside the target: a reference, a panel, controls.

    For ``--plan`` it may also have ``judged_beside(spec)``, those of them whose answers are judged too, and
    ``asks_beside_once = True`` where repeats are the target's only.
    """

    def asks(self, spec: Spec) -> Sequence[Model]:
        """Their cards; what they say is shown to the judge as the target's answers are.  Cheap and pure."""
        ...


class Defaulting(Protocol):
    """What a kind offers under which a judge has other defaults than elsewhere."""

    judge_defaults: Mapping[str, Mapping[str, Json]]
    """By the judge's name, the options that hold where the spec does not write them."""


class Completing(Protocol):
    """What a kind offers whose own keys say something of the judge: ``scale`` of captions, and the like."""

    def completed(self, spec: Spec) -> Spec:
        """The spec with what its keys mean for its judge among the judge's options; raises SpecError."""
        ...


class Tabled(Protocol):
    """What a kind offers where its results over a whole run are more than its gates."""

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        """From the records of all its cases and gates of a run, skipped and broken ones too; pure.

        It is called once, when a run is summarised, and again from the run's file: the records are all it
        may know.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row of a recording: what was sent, what came back, what is known of it.

    ``meta`` may hold ``id``, ``question``, ``framing``, ``question_id``, ``framing_id``, ``language``;
    ``verdicts`` what the publisher's judge said, such as ``{"loose": True, "strict": False}``.
    """

    prompt: str
    reply: str
    line: int
    meta: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[str, Json] = field(default_factory=dict)


class Provider(Protocol):
    """A way to a family of models.  One instance serves one model card for one session."""

    stores: bool
    """Whether replies go into the store (False where they already lie on disk)."""
    embedded: bool
    """Whether the model runs in this process: no key, no network, no price."""

    def __init__(self, model: Model) -> None: ...

    def identifies(self) -> Mapping[str, Json]:
        """What tells this model apart in a request's fingerprint: hashes, base_url, model, params."""
        ...

    def revision(self) -> str | None:
        """Under what revision replies may be reused across runs; None: only to resume."""
        ...

    async def send(self, request: Request) -> Reply:
        """One attempt.  Raises Transient, Refused, EmptyReply or ProviderError."""
        ...

    async def aclose(self) -> None: ...


class Prepared(Protocol):
    """What a provider class offers where a model has to be fetched first."""

    @staticmethod
    def prepare(model: Model, *, quiet: bool) -> None:
        """Called on the main thread before a run, with the terminal free; raises DistillError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CardProblem:
    """One mistake in a model card: ``at`` is the way from the card to the key, empty for the card."""

    what: str
    at: Pointer = ()
    allowed: str | None = None


class Vetted(Protocol):
    """What a provider class offers where a card can be wrong in ways that ``options`` cannot say.

    Either method may be left out.  Both are cheap and ask nothing: no network, no SDK.
    """

    @staticmethod
    def problems(model: Model) -> Iterable[CardProblem]:
        """Mistakes in the card that are the same on every machine; models.yaml is refused for them."""
        ...

    @staticmethod
    def absent(model: Model) -> Iterable[CardProblem]:
        """What the card names and this machine lacks; refused where the card is used, and by check."""
        ...


class Recording(Protocol):
    """What providers of recorded transcripts offer besides ``send``."""

    def rows(self) -> Sequence[Recorded]:
        """Every usable row, in file order; raises DataError."""
        ...

    def left_out(self) -> Sequence[str]:
        """What is wrong with the rows that the card allows to be left out, their count first."""
        ...

    def holds(self, request: Request) -> bool:
        """Whether a reply to this request was recorded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How a judge reads rows of a file and writes its verdict back (``distill-tests judge``)."""

    read: Callable[[Mapping[str, Any], Mapping[str, Model]], Exhibit]
    """Raises DataError in words (without place) for a row that cannot be used."""
    write: Callable[[Exhibit, Score], Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a judge is under given options.  ``version`` is a hash of all that shapes its verdicts."""

    scale: tuple[float, float]
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    calls: tuple[int, int] = (0, 0)
    needs_identity: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A judge that another judge calls: ``written`` stands at ``at`` of that one's options.

    It is a name, or ``{name: …, model: …}`` with the options of the judge beside.
    """

    at: Pointer
    written: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """``function(exhibit, **options) -> Score``; an ``async def`` also gets ``ask=`` and ``model=``.

    ``scale`` bounds ``Score.value``; ``marks`` bounds each mark; ``calls`` are the least and most
    calls to a judge model per answer.  ``declare`` is for judges of which the options change that,
    ``parts`` for those that call other judges; these also get ``models=``, cards by alias.
    """

    name: str
    function: Callable[..., Any]
    scale: tuple[float, float]
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema ``properties`` of the options a spec may give."""
    calls: tuple[int, int] = (0, 0)
    rows: Rows | None = None
    needs_identity: bool = False
    declare: Callable[[Mapping[str, Any]], Declared] | None = None
    parts: Callable[[Mapping[str, Any]], Sequence[Part]] | None = None

    def declared(self, options: Mapping[str, Any]) -> Declared:
        """What the judge is under these options; raises DataError in words if it cannot work with them."""
        if self.declare is not None:
            return self.declare(options)
        return Declared(
            scale=self.scale, marks=self.marks, calls=self.calls, needs_identity=self.needs_identity
        )


class Threshold(NamedTuple):
    """What a gate is held against: ``at_most`` or ``at_least``, and the number."""

    key: Literal["at_most", "at_least"]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """``function(sample, **options) -> Estimate``; pure.

    ``scale`` bounds the value, and so the thresholds.  ``cell`` gives one scored trial's value on
    that scale for statistics that are a plain mean of trials (what sequential gates consume), or
    None for a trial that is unscored.  ``mark``: the yes-or-no mark of the judge whose share the value is;
    under a calibration with labels of that name the gate's threshold moves.

    ``is_mean`` says whether under these options the value is the plain mean of the cells; None: under all.
    ``threshold`` gives the key and the number of a gate that writes neither at_most nor at_least but an
    option that means one (``fwer``); None where the options do not.  ``of_targets`` is for statistics of a
    whole set of targets, such as how alike they are: it gets their samples by alias, in the place of
    ``function``, and its gates are gates across all targets.  ``is_p_value``: the value is a p-value, the
    smaller the more speaks for "failed"; it is about the answered cases, so that what is missing within
    max_missing leaves no gate open.
    """

    name: str
    function: Callable[..., Estimate]
    scale: tuple[float, float]
    cell: Callable[[Trial], float | None] | None = None
    mark: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    is_mean: Callable[[Mapping[str, Any]], bool] | None = None
    threshold: Callable[[Mapping[str, Any]], Threshold | None] | None = None
    of_targets: bool = False
    is_p_value: bool = False

    def __call__(self, sample: Sample, **options: Any) -> Estimate:
        return self.function(sample, **options)

    def under(self, options: Mapping[str, Any]) -> Statistic:
        """The statistic as these options make it: without ``cell`` where it is no mean of cells."""
        if self.cell is None or self.is_mean is None or self.is_mean(options):
            return self
        return replace(self, cell=None)


class Reporter(Protocol):
    """``during`` runs in the item's process as it ends; ``after`` once, on the controller.

    A reporter that also has ``begin(*, items: int)`` is told once, before the first record, how many
    items the session has.
    """

    def during(self, record: Mapping[str, Json]) -> None: ...

    def after(self, run: Any) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEntry:
    """A kind and the JSON Schema of the keys that belong to it."""

    name: str
    kind: Kind
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    """A provider class and the JSON Schema ``properties`` of the card keys only it knows."""

    name: str
    make: Callable[[Model], Provider]
    options: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterEntry:
    name: str
    make: Callable[[], Reporter]


kinds: Registry[KindEntry] = Registry("kind", "distill_tests.kinds")
providers: Registry[ProviderEntry] = Registry("provider", "distill_tests.providers")
judges: Registry[Judge] = Registry("judge", "distill_tests.judges")
statistics: Registry[Statistic] = Registry("statistic", "distill_tests.stats")
reporters: Registry[ReporterEntry] = Registry("reporter", "distill_tests.reporters")


def statistic_of(gate: Gate) -> Statistic:
    """The statistic that a gate looks at, as the gate's options make it; raises UnknownName."""
    return statistics.get(gate.statistic).under(gate.options)


C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


def kind(name: str, *, schema: Mapping[str, Any] | None = None) -> Callable[[C], C]:
    """Class decorator; ``schema`` (an object schema) says which YAML keys the kind adds."""

    def register(cls: C) -> C:
        kinds.add(name, KindEntry(name=name, kind=cls(), schema=schema or {"properties": {}}))
        return cls

    return register


def provider(
    name: str, *, options: Mapping[str, Any] | None = None, required: Sequence[str] = ()
) -> Callable[[C], C]:
    """Class decorator; ``options`` are the card keys that only this provider knows."""

    def register(cls: C) -> C:
        providers.add(
            name, ProviderEntry(name=name, make=cls, options=options or {}, required=tuple(required))
        )
        return cls

    return register


def judge(
    name: str,
    *,
    scale: tuple[float, float] = (0, 1),
    marks: Mapping[str, tuple[float, float]] | None = None,
    options: Mapping[str, Any] | None = None,
    calls: tuple[int, int] = (0, 0),
    rows: Rows | None = None,
    needs_identity: bool = False,
    declare: Callable[[Mapping[str, Any]], Declared] | None = None,
    parts: Callable[[Mapping[str, Any]], Sequence[Part]] | None = None,
) -> Callable[[F], F]:
    """Function decorator; see :class:`Judge`."""

    def register(function: F) -> F:
        judges.add(
            name,
            Judge(
                name=name,
                function=function,
                scale=scale,
                marks=marks or {},
                options=options or {},
                calls=calls,
                rows=rows,
                needs_identity=needs_identity,
                declare=declare,
                parts=parts,
            ),
        )
        return function

    return register


def statistic(
    name: str,
    *,
    scale: tuple[float, float] = (0, 1),
    cell: Callable[[Trial], float | None] | None = None,
    mark: str | None = None,
    options: Mapping[str, Any] | None = None,
    is_mean: Callable[[Mapping[str, Any]], bool] | None = None,
    threshold: Callable[[Mapping[str, Any]], Threshold | None] | None = None,
    of_targets: bool = False,
    is_p_value: bool = False,
) -> Callable[[F], F]:
    """Function decorator; see :class:`Statistic`."""

    def register(function: F) -> F:
        statistics.add(
            name,
            Statistic(
                name=name,
                function=function,
                scale=scale,
                cell=cell,
                mark=mark,
                options=options or {},
                is_mean=is_mean,
                threshold=threshold,
                of_targets=of_targets,
                is_p_value=is_p_value,
            ),
        )
        return function

    return register


def reporter(name: str) -> Callable[[C], C]:
    """Class decorator for a class without constructor arguments."""

    def register(cls: C) -> C:
        reporters.add(name, ReporterEntry(name=name, make=cls))
        return cls

    return register
