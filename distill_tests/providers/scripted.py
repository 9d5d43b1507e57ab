"""``provider: scripted``: a model whose replies stand on its card, for tests and examples.

``replies`` are tried in order against the text of the whole request; ``default`` answers the rest.
``script`` gives the first calls of the process their own step each: trouble, a delay, another reply.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from distill_tests.errors import EmptyReply, ProviderError, Refused, Transient
from distill_tests.registry import CardProblem, provider
from distill_tests.types import Json, Model, Reply, Request, Usage

_STEP: Mapping[str, Any] = {
    "reply": {
        "description": "the text; a list gives sample 0, 1, … their own",
        "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    },
    "thinking": {"type": "string"},
    "finish": {"type": "string", "examples": ["stop", "length", "refusal"]},
    "delay_s": {"type": "number", "minimum": 0, "description": "seconds to wait before it"},
    "error": {
        "description": "an HTTP status, or how the connection breaks",
        "oneOf": [{"type": "integer", "minimum": 400, "maximum": 599}, {"enum": ["timeout", "disconnect"]}],
    },
    "retry_after_s": {"type": "number", "minimum": 0},
    "empty": {"const": True, "description": "an empty completion"},
    "usage": {
        "type": "object",
        "properties": {"input_tokens": {"type": "integer"}, "output_tokens": {"type": "integer"}},
        "required": ["input_tokens", "output_tokens"],
        "additionalProperties": False,
    },
}
_MATCH: Mapping[str, Any] = {
    "match": {"type": "string", "description": "text that the request holds"},
    "regex": {"type": "string", "format": "regex", "description": "pattern found in the request"},
}

OPTIONS: Mapping[str, Any] = {
    "replies": {
        "type": "array",
        "description": "The first that matches the request answers it.",
        "items": {"type": "object", "properties": {**_MATCH, **_STEP}, "additionalProperties": False},
    },
    "default": {"type": "string", "description": "The reply to what nothing in replies matches."},
    "script": {
        "type": "array",
        "description": "What the first calls meet, one step a call; {} is the usual reply.",
        "items": {"type": "object", "properties": _STEP, "additionalProperties": False},
    },
    "delay_s": {"type": "number", "minimum": 0, "description": "Seconds every call takes."},
    "served_model": {
        "description": "The name in replies; a list of {name, after} changes it after so many calls.",
        "oneOf": [
            {"type": "string"},
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "after": {"type": "integer", "minimum": 0}},
                    "required": ["name"],
                    "additionalProperties": False,
                },
                "minItems": 1,
            },
        ],
    },
    "log": {"type": "string", "description": "A file that gets one JSON line for every call."},
}


@provider("scripted", options=OPTIONS)
class Scripted:
    """Replies as written; calls are numbered from 0 in this process."""

    stores = True
    embedded = True

    def __init__(self, model: Model) -> None:
        self._model = model
        self._options = model.options
        self._numbers = itertools.count()
        for problem in self.problems(model):
            raise Refused(f"{model.alias}: {problem.what}")

    @staticmethod
    def problems(model: Model) -> Iterable[CardProblem]:
        """Patterns that are none."""
        for number, rule in enumerate(model.options.get("replies") or ()):
            try:
                re.compile(rule.get("regex", ""))
            except re.error as error:
                what = f"regex {rule['regex']!r} is no pattern: {error}"
                yield CardProblem(what=what, at=("replies", number, "regex"))

    def identifies(self) -> Mapping[str, Json]:
        """The replies' hash: other replies are another model.  Delays, trouble and the log are not."""
        told = {key: self._options.get(key) for key in ("replies", "default")}
        text = json.dumps(told, sort_keys=True, default=str)
        return {
            "replies": hashlib.sha256(text.encode()).hexdigest(),
            "model": self._model.model,
            "base_url": self._model.base_url,
            "params": dict(self._model.params),
        }

    def revision(self) -> str | None:
        return self._model.revision

    async def send(self, request: Request) -> Reply:
        call = next(self._numbers)
        self._log(request, call)
        step = self._step(request, call)
        await asyncio.sleep(float(step.get("delay_s", self._options.get("delay_s", 0))))
        alias = self._model.alias
        if "error" in step:
            raise _trouble(alias, step["error"], step.get("retry_after_s"))
        text = "" if step.get("empty") else _sample(step.get("reply"), request.sample)
        if text is None:
            raise ProviderError(f"{alias}: no scripted reply matches {_conversation(request)[-80:]!r}")
        if not text.strip() or step.get("finish") in ("refusal", "content_filter"):
            raise EmptyReply(f"{alias}: an empty completion (finish {step.get('finish', 'stop')!r})")
        usage = step.get("usage")
        return Reply(
            text=text,
            thinking=step.get("thinking"),
            finish=step.get("finish", "stop"),
            usage=Usage(**usage) if usage else None,
            served_model=self._served_model(call),
            response_id=f"scripted-{os.getpid()}-{call}",
            body_sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        )

    async def aclose(self) -> None:
        """Nothing is open."""

    def _step(self, request: Request, call: int) -> Mapping[str, Any]:
        """The reply to the request, overlaid with the script's step for this call."""
        script = self._options.get("script") or ()
        return {**self._told(request), **(script[call] if call < len(script) else {})}

    def _told(self, request: Request) -> Mapping[str, Any]:
        text = _conversation(request)
        for rule in self._options.get("replies") or ():
            if rule.get("match", "") in text and re.search(rule.get("regex", ""), text):
                return {key: value for key, value in rule.items() if key not in _MATCH}
        default = self._options.get("default")
        return {} if default is None else {"reply": default}

    def _served_model(self, call: int) -> str:
        named = self._options.get("served_model", self._model.model)
        if isinstance(named, str):
            return named
        return str(
            [self._model.model, *(entry["name"] for entry in named if call >= entry.get("after", 0))][-1]
        )

    def _log(self, request: Request, call: int) -> None:
        if "log" not in self._options:
            return
        row = {
            "model": self._model.alias,
            "call": call,
            "pid": os.getpid(),
            "sample": request.sample,
            "prompt": request.messages[-1].text if request.messages else "",
        }
        path = Path(self._model.directory) / str(self._options["log"])
        # One write to a file opened for appending: lines of several processes do not mix.
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, (json.dumps(row) + "\n").encode())
        finally:
            os.close(handle)


def _conversation(request: Request) -> str:
    return "\n".join(message.text for message in request.messages)


def _sample(reply: object, sample: int) -> str | None:
    if isinstance(reply, list | tuple):
        return str(reply[sample % len(reply)])
    return None if reply is None else str(reply)


def _trouble(alias: str, error: int | str, retry_after_s: float | None) -> ProviderError:
    message = f"{alias}: scripted {error}"
    if error in ("timeout", "disconnect"):
        return Transient(message, retry_after=retry_after_s)
    if error in (401, 403, 404):
        return Refused(message, receipt=str(error))
    if error in (408, 409, 429) or int(error) >= 500:
        return Transient(message, retry_after=retry_after_s, receipt=str(error))
    return ProviderError(message, receipt=str(error))
