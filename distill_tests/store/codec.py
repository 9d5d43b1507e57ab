"""Replies as JSON text and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from distill_tests.types import Reply, TokenLogprob, Usage

_KNOWN = {field.name for field in fields(Reply)} - {"from_store"}


def encoded(reply: Reply) -> str:
    """The reply as JSON text in ASCII (lone surrogates, which models do send, escaped)."""
    document = asdict(reply)
    del document["from_store"]
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))


def decoded(text: str) -> Reply:
    """The reply of a JSON text; raises ValueError, TypeError or KeyError for anything else."""
    document: dict[str, Any] = {key: value for key, value in json.loads(text).items() if key in _KNOWN}
    if document.get("usage") is not None:
        document["usage"] = Usage(**document["usage"])
    if document.get("logprobs") is not None:
        document["logprobs"] = tuple(_logprob(entry) for entry in document["logprobs"])
    return Reply(**document)


def _logprob(entry: Mapping[str, Any]) -> TokenLogprob:
    top = tuple((token, logprob) for token, logprob in entry["top"])
    return TokenLogprob(token=entry["token"], logprob=entry["logprob"], top=top)
