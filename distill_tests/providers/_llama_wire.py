"""What goes to llama.cpp's server and what comes back, as the project's nouns."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from distill_tests.errors import EmptyReply, ProviderError, Transient
from distill_tests.providers._thinking import split_thinking
from distill_tests.types import Model, Reply, Request, TokenLogprob, Usage

_FINISH = {"eos": "stop", "word": "stop", "limit": "length"}


def body_of(request: Request, rendered: str, model: Model) -> dict[str, Any]:
    """The body for ``/completion``; samples beyond the first shift a given seed."""
    sampling = request.sampling
    body: dict[str, Any] = {
        name: value for name, value in model.params.items() if name != "chat_template_kwargs"
    }
    body |= {
        "prompt": rendered,
        "n_predict": sampling.max_tokens,
        "temperature": sampling.temperature,
        "cache_prompt": bool(model.options.get("prompt_cache", False)),
        "stop": list(sampling.stop),
    }
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.seed is not None:
        body["seed"] = (sampling.seed + request.sample) % (1 << 32)
    if request.logprobs is not None:
        body["n_probs"] = max(request.logprobs, 1)
    if request.json_schema is not None:
        body["json_schema"] = request.json_schema
    return body


def reply_of(request: Request, rendered: str, content: bytes) -> Reply:
    """The reply in a completion; raises EmptyReply, or ProviderError where the context cut it short.

    White space, or an end at once, with logprobs can still be read.
    """
    data, alias = json_of(content), request.model.alias
    written, read = int(data.get("tokens_predicted", 0)), int(data.get("tokens_evaluated", 0))
    finish = _FINISH.get(str(data.get("stop_type")), str(data.get("stop_type")))
    if data.get("truncated") or (finish == "length" and written < request.sampling.max_tokens):
        raise ProviderError(
            f"{alias}: the context is full: a prompt of {read} tokens left room for {written} of "
            f"{request.sampling.max_tokens} new ones; raise 'context' on the card"
        )
    parts = split_thinking(str(data.get("content", "")), opened=rendered.rstrip().endswith("<think>"))
    logprobs = _logprobs(data, request.logprobs)
    if not parts.answer.strip() and not logprobs:
        what = "nothing but a thinking part" if parts.thinking else "an empty completion"
        raise EmptyReply(f"{alias}: {what} ({written} tokens, finish {finish!r})")
    return Reply(
        text=parts.answer,
        thinking=parts.thinking,
        finish=finish,
        usage=Usage(input_tokens=read, output_tokens=written),
        logprobs=logprobs,
        received_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        body_sha256=hashlib.sha256(content).hexdigest(),
        latency_s=_seconds(data.get("timings") or {}),
        rendered=rendered,
    )


def _seconds(timings: Mapping[str, Any]) -> float:
    """The call's own time, without its wait for a free slot."""
    return round((float(timings.get("prompt_ms", 0)) + float(timings.get("predicted_ms", 0))) / 1000, 4)


def _logprobs(data: Mapping[str, Any], wanted: int | None) -> tuple[TokenLogprob, ...] | None:
    """One entry for every token of the completion, the thinking part's too."""
    if wanted is None:
        return None
    return tuple(
        TokenLogprob(
            token=str(entry["token"]),
            logprob=float(entry["logprob"]),
            top=tuple((str(t["token"]), float(t["logprob"])) for t in entry.get("top_logprobs", ())[:wanted]),
        )
        for entry in data.get("completion_probabilities", ())
    )


def trouble_of(alias: str, status: int, content: bytes) -> ProviderError:
    """What an error response says, in words."""
    error = json_of(content).get("error") or {}
    said = str(error.get("message", "no reason given"))
    if error.get("type") == "exceed_context_size_error":
        return ProviderError(
            f"{alias}: the prompt has {error.get('n_prompt_tokens')} tokens, the context of a slot "
            f"{error.get('n_ctx')}; raise 'context' on the card"
        )
    if status == 503:
        return Transient(f"{alias}: the local server is not ready: {said}", receipt="503")
    return ProviderError(f"{alias}: the local server answered {status}: {said}", receipt=str(status))


def json_of(content: bytes) -> Mapping[str, Any]:
    """The object in a body, empty where there is none."""
    try:
        data = json.loads(content)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
