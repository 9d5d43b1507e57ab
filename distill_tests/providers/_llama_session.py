"""A model card's way to its running llama.cpp server, and how the card's prompts are rendered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from distill_tests import weights
from distill_tests.errors import DataError, MissingExtra, ProviderError, Refused, Transient
from distill_tests.providers._gguf import metadata
from distill_tests.providers._llama import Layout, Running, acquire, release
from distill_tests.types import Message, Model

if TYPE_CHECKING:
    import httpx

SLOTS, CONTEXT = 16, 1024


def absent_library() -> str | None:
    """What is not installed of what runs weights, or None."""
    return next((name for name in ("xllamacpp", "httpx") if find_spec(name) is None), None)


class Session:
    """A card's way to its running server: the HTTP client, and how this card's prompts are rendered."""

    def __init__(self, model: Model, layout: Layout, running: Running, client: httpx.AsyncClient) -> None:
        self._model, self._layout, self._running, self._client = model, layout, running, client
        self._has_template = model.ask_as == "chat" and _has_template(layout)
        self._first: tuple[Message, ...] = ()
        self.version = running.version

    @classmethod
    async def start(cls, model: Model) -> Session:
        """The session, its server running; raises Refused or MissingExtra."""
        absent = absent_library()
        if absent is not None:
            raise MissingExtra(absent, "local", "provider 'local'")
        import httpx

        layout = await asyncio.to_thread(_layout, model)
        running = await asyncio.to_thread(acquire, layout)
        client = httpx.AsyncClient(
            base_url=running.address,
            headers={"Authorization": f"Bearer {running.key}"},
            timeout=None,  # noqa: S113 - the engine has the deadline; a slow model is not a broken one
            limits=httpx.Limits(max_connections=None),
            trust_env=False,  # a proxy has no business between this process and itself
        )
        session = cls(model, layout, running, client)
        session._first = await session._system_first()
        return session

    async def aclose(self) -> None:
        await self._client.aclose()
        await asyncio.to_thread(release, self._layout)

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """The server's response, whatever its status; raises Transient."""
        import httpx

        try:
            with self._running.answering():
                return await self._client.post(path, json=body)
        except httpx.TransportError as error:
            raise Transient(f"{self._model.alias}: the local server broke off: {error!r}") from error

    async def render(self, messages: Sequence[Message]) -> str:
        """The prompt after the chat template, or the messages as plain text where there is none."""
        if any(message.images for message in messages):
            raise ProviderError(
                f"{self._model.alias}: a local model is asked in text only; the request has images"
            )
        if not any(message.role == "system" for message in messages):
            messages = (*self._first, *messages)
        if not self._has_template:
            return plain_text(messages)
        rendered = await self._template(messages)
        if rendered is None:
            raise ProviderError(
                f"{self._model.alias}: the chat template of the weights refuses these messages"
            )
        return rendered

    async def _template(self, messages: Sequence[Message]) -> str | None:
        body: dict[str, Any] = {"messages": [{"role": m.role, "content": m.text} for m in messages]}
        if "chat_template_kwargs" in self._model.params:
            body["chat_template_kwargs"] = self._model.params["chat_template_kwargs"]
        response = await self.post("/apply-template", body)
        return str(response.json()["prompt"]) if response.status_code == 200 else None

    async def _system_first(self) -> tuple[Message, ...]:
        """The system message to put first where a request has none."""
        system = self._model.system
        if system == "default" or (system == "none" and not self._has_template):
            return ()
        if system != "none":
            return (Message(role="system", text=system),)
        empty, hello = Message(role="system", text=""), Message(role="user", text="x")
        silenced, bare = await self._template([empty, hello]), await self._template([hello])
        injects = silenced is not None and bare is not None and len(bare) > len(silenced)
        return (empty,) if injects else ()


def plain_text(messages: Sequence[Message]) -> str:
    """Messages as text to be continued: one user message as it is, a dialogue with its speakers named."""
    system = [message.text for message in messages if message.role == "system" and message.text]
    turns = [message for message in messages if message.role != "system"]
    if len(turns) == 1:
        return "\n\n".join([*system, turns[0].text])
    names = {"user": "User", "assistant": "Assistant"}
    lines = [f"{names[turn.role]}: {turn.text}" for turn in turns]
    if turns and turns[-1].role == "user":
        lines.append("Assistant:")
    return "\n\n".join([*system, *lines])


def _has_template(layout: Layout) -> bool:
    """llama.cpp itself would make do with ChatML, a format that a base model never saw."""
    try:
        return "tokenizer.chat_template" in metadata(layout.path)
    except DataError as error:
        raise Refused(str(error)) from error


def _layout(model: Model) -> Layout:
    path = weights.weights_path(model, quiet=True)  # the loop thread is mute
    options = model.options
    return Layout(
        path=path.resolve(),
        slots=int(options.get("slots", SLOTS)),
        context=int(options.get("context", CONTEXT)),
        threads=int(options.get("threads", 0)),
        flash_attention=bool(options.get("flash_attention", False)),
        prompt_cache=bool(options.get("prompt_cache", False)),
    )
