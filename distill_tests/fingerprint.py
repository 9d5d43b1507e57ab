"""What makes two requests the same request: the sha256 of a canonical JSON.

Two requests with one fingerprint may share one reply.  So everything that could change a reply goes
in, and nothing that could not: not the alias of the card, its price, or an embedded server's port.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from distill_tests.types import Json, Message, Request, Sampling

VERSION = 1
"""Goes into every fingerprint; raised when the canonical form changes, so that old replies are not met."""


def canonical(
    request: Request, *, identifies: Mapping[str, Json], revision: str | None = None
) -> dict[str, Json]:
    """The request as plain JSON values; an image stands as its media type and sha256.

    ``identifies`` and ``revision`` are what the provider says of its model.
    """
    return {
        "fingerprint": VERSION,
        "provider": request.model.provider,
        "identifies": _plain(identifies),
        "revision": revision,
        "ask_as": request.model.ask_as,
        "messages": [_message(message) for message in request.messages],
        "sampling": _sampling(request.sampling),
        "sample": request.sample,
        "logprobs": request.logprobs,
        "json_schema": _plain(request.json_schema),
    }


def fingerprint(request: Request, *, identifies: Mapping[str, Json], revision: str | None = None) -> str:
    """64 hexadecimal digits that stand for the request; independent of the order of keys."""
    return digest(canonical(request, identifies=identifies, revision=revision))


def digest(document: Mapping[str, Json]) -> str:
    """The sha256 of a JSON document; NaN and infinities raise ValueError."""
    # ASCII escapes: a lone surrogate, which UTF-8 cannot encode, may stand in a prompt made from a reply.
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _message(message: Message) -> dict[str, Json]:
    return {
        "role": message.role,
        "text": message.text,
        "images": [
            {"media_type": image.media_type, "sha256": hashlib.sha256(image.data).hexdigest()}
            for image in message.images
        ],
    }


def _sampling(sampling: Sampling) -> dict[str, Json]:
    return {
        "max_tokens": sampling.max_tokens,
        # YAML writes a temperature of 0 as an integer, the default is a float: one fingerprint for both.
        "temperature": float(sampling.temperature),
        "top_p": None if sampling.top_p is None else float(sampling.top_p),
        "seed": sampling.seed,
        "stop": list(sampling.stop),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
