"""A declarative, spec-driven audit suite for large language models.

The names in ``__all__`` are the public API (docs/api.md); each is imported when it is first used, so that
``import distill_tests`` costs an ordinary pytest run nothing.

PYTEST_DONT_REWRITE: ``distill-tests run`` imports the package before pytest looks for plugins, and pytest
would warn that it comes too late to rewrite asserts in here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from distill_tests.api import (
        AuditResult,
        Judged,
        check,
        judge_rows,
        load_models,
        load_spec,
        open_engine,
        read_run,
        run_audit,
    )
    from distill_tests.engine import Engine
    from distill_tests.errors import (
        DataError,
        DistillError,
        EmptyReply,
        MissingExtra,
        NotStored,
        Problem,
        ProviderError,
        Refused,
        SpecError,
        Stopped,
        Transient,
        UnknownName,
    )
    from distill_tests.record import Record, Run, RunMeta
    from distill_tests.registry import (
        Kind,
        Provider,
        Recorded,
        Reporter,
        Rows,
        judge,
        kind,
        provider,
        reporter,
        statistic,
    )
    from distill_tests.types import (
        Ask,
        Case,
        Estimate,
        Exchange,
        Exhibit,
        Gate,
        GateResult,
        Identity,
        Image,
        Json,
        JudgeUse,
        Judging,
        Message,
        Model,
        Outcome,
        Place,
        Price,
        Relation,
        Reply,
        Request,
        Sample,
        Sampling,
        Score,
        Span,
        Spec,
        TokenLogprob,
        Trial,
        Usage,
        Verdict,
    )

_NAMES = {
    "api": "AuditResult Judged check judge_rows load_models load_spec open_engine read_run run_audit",
    "engine": "Engine",
    "errors": "DataError DistillError EmptyReply MissingExtra NotStored Problem ProviderError Refused "
    "SpecError Stopped Transient UnknownName",
    "record": "Record Run RunMeta",
    "registry": "Kind Provider Recorded Reporter Rows judge kind provider reporter statistic",
    "types": "Ask Case Estimate Exchange Exhibit Gate GateResult Identity Image Json JudgeUse Judging "
    "Message Model Outcome Place Price Relation Reply Request Sample Sampling Score Span Spec "
    "TokenLogprob Trial Usage Verdict",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "Ask",
    "AuditResult",
    "Case",
    "DataError",
    "DistillError",
    "EmptyReply",
    "Engine",
    "Estimate",
    "Exchange",
    "Exhibit",
    "Gate",
    "GateResult",
    "Identity",
    "Image",
    "Json",
    "JudgeUse",
    "Judged",
    "Judging",
    "Kind",
    "Message",
    "MissingExtra",
    "Model",
    "NotStored",
    "Outcome",
    "Place",
    "Price",
    "Problem",
    "Provider",
    "ProviderError",
    "Record",
    "Recorded",
    "Refused",
    "Relation",
    "Reply",
    "Reporter",
    "Request",
    "Rows",
    "Run",
    "RunMeta",
    "Sample",
    "Sampling",
    "Score",
    "Span",
    "Spec",
    "SpecError",
    "Stopped",
    "TokenLogprob",
    "Transient",
    "Trial",
    "UnknownName",
    "Usage",
    "Verdict",
    "__version__",
    "check",
    "judge",
    "judge_rows",
    "kind",
    "load_models",
    "load_spec",
    "open_engine",
    "provider",
    "read_run",
    "reporter",
    "run_audit",
    "statistic",
]

if not TYPE_CHECKING:  # a type checker shall not take any name for one that exists

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"distill_tests.{_HOME[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
