"""A real HTTP server on 127.0.0.1 that speaks Chat Completions, Completions and Messages.

It is stricter than the real ones: what is sent is checked field by field, and what the real API would
refuse is refused in the real API's words.  It can also misbehave, in the order it is told to.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

KEY = "fake-key-4f1c9a7e2b"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
REASONING_MODEL, UNKNOWN_MODEL, OLD_CLAUDE = "o9-thinker", "no-such-model", "claude-sonnet-4-5"

_SAMPLING_KEYS = frozenset({"model", "max_tokens", "temperature", "top_p"})
_CHAT_KEYS = _SAMPLING_KEYS | {
    "messages",
    "max_completion_tokens",
    "seed",
    "stop",
    "logprobs",
    "top_logprobs",
    "response_format",
}
_COMPLETION_KEYS = _SAMPLING_KEYS | {"prompt", "seed", "stop", "logprobs"}
_MESSAGES_KEYS = _SAMPLING_KEYS | {
    "messages",
    "system",
    "stop_sequences",
    "thinking",
    "output_config",
    "tools",
    "tool_choice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the next call meets.  ``over`` replaces keys of the usual body, ``message`` of its message.

    ``cut``: the connection ends before the headers, or within the body.  ``held``: the reply waits
    until the server stops.
    """

    status: int = 200
    body: Mapping[str, Any] | bytes | None = None
    over: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Literal["before", "within"] | None = None
    held: bool = False


def error(message: str, *, code: str | None = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    """An error body that both protocols' clients understand."""
    return {"type": "error", "error": {"message": message, "type": kind, "code": code, "param": None}}


class _Bad(Exception):
    """What the API answers to a request it does not take."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class FakeApi:
    """``with FakeApi() as api``: ``api.url`` is for OpenAI cards, ``api.root`` for Anthropic ones.

    ``extra_keys`` are accepted in bodies beside those of the API, as compatible servers do.
    """

    def __init__(self, *steps: Step, key: str = KEY, extra_keys: frozenset[str] = frozenset()) -> None:
        self.steps, self.key, self.extra_keys = list(steps), key, extra_keys
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> FakeApi:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def step(self) -> Step:
        with self._lock:
            return self.steps.pop(0) if self.steps else Step()

    def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                step = api.step()
                try:
                    body = json.loads(raw)
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    call = Call(path=self.path, headers=headers, body=body)
                    with api._lock:
                        api.calls.append(call)
                    usual = api.reply(call, step)
                    status = step.status
                except _Bad as bad:
                    with api._lock:
                        api.problems.append(f"{bad.status} {bad}")
                    status, usual = bad.status, error(str(bad), code=bad.code)
                self.answer(step, status, usual)

            def answer(self, step: Step, status: int, usual: Mapping[str, Any]) -> None:
                body = usual if step.body is None or status != step.status else step.body
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                if step.held:
                    api._stopping.wait(30)
                if step.cut == "before":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(status)
                head = {"content-type": "application/json", "x-request-id": f"req-{len(api.calls)}"}
                for name, value in (head | dict(step.headers)).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if step.cut else data)
                if step.cut:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: tests check that nothing is printed."""

        return Handler

    def reply(self, call: Call, step: Step) -> dict[str, Any]:
        """The usual body of the reply to a call that is in order; raises _Bad for one that is not."""
        path, _, query = call.path.partition("?")
        if query or self.key in call.path:
            raise _Bad(400, f"the address has a query: {call.path}")
        makers: Mapping[str, Callable[[Call, Step], dict[str, Any]]] = {
            "/v1/chat/completions": self._chat,
            "/v1/completions": self._completion,
            "/v1/messages": self._messages,
        }
        if path not in makers:
            raise _Bad(404, f"Unknown request URL: POST {path}")
        if call.headers.get("content-type") != "application/json":
            raise _Bad(415, f"content-type {call.headers.get('content-type')}")
        self._check_key(call)
        if call.body.get("model") == UNKNOWN_MODEL:
            raise _Bad(
                404,
                f"The model `{UNKNOWN_MODEL}` does not exist or you do not have access to it.",
                code="model_not_found",
            )
        return makers[path](call, step)

    def _check_key(self, call: Call) -> None:
        sent = call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")
        if sent != self.key:
            raise _Bad(401, f"Incorrect API key provided: {sent}", code="invalid_api_key")

    def _check_body(self, call: Call, known: frozenset[str]) -> None:
        for name in sorted(set(call.body) - known - self.extra_keys):
            raise _Bad(400, f"Unrecognized request argument supplied: {name}")
        for name in ("max_tokens", "max_completion_tokens"):
            limit = call.body.get(name, 1)
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
                raise _Bad(400, f"Invalid type for '{name}': {limit!r}")

    # --- Chat Completions and Completions -------------------------------------------------------

    def _chat(self, call: Call, step: Step) -> dict[str, Any]:
        body = call.body
        self._check_body(call, _CHAT_KEYS)
        if body["model"] == REASONING_MODEL:
            _check_reasoning(body)
        for message in body["messages"]:
            _check_chat_message(message)
        if "response_format" in body:
            _check_response_format(body["response_format"])
        if "top_logprobs" in body and body.get("logprobs") is not True:
            raise _Bad(400, "'top_logprobs' needs 'logprobs' to be true")
        message = {"role": "assistant", "content": f"I am {body['model']}.", "refusal": None, **step.message}
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [_chat_logprob("I", body["top_logprobs"])]}
        return _openai("chat.completion", body, {**choice, **step.choice}) | dict(step.over)

    def _completion(self, call: Call, step: Step) -> dict[str, Any]:
        body = call.body
        self._check_body(call, _COMPLETION_KEYS)
        if not isinstance(body["prompt"], str):
            raise _Bad(400, "prompt is no text")
        choice: dict[str, Any] = {"index": 0, "text": f" by {body['model']}", "finish_reason": "length"}
        if "logprobs" in body:
            choice["logprobs"] = {
                "tokens": [" by"],
                "token_logprobs": [-0.5],
                "top_logprobs": [{" by": -0.5, " from": -1.5}],
                "text_offset": [0],
            }
        return _openai("text_completion", body, {**choice, **step.choice}) | dict(step.over)

    # --- Messages -------------------------------------------------------------------------------

    def _messages(self, call: Call, step: Step) -> dict[str, Any]:
        body = call.body
        self._check_body(call, _MESSAGES_KEYS)
        version = call.headers.get("anthropic-version")
        if version not in ("2023-06-01", "2026-10-21"):
            raise _Bad(400, f"anthropic-version: {version!r} is not a valid version")
        _check_sampled(body, version)
        for message in body["messages"]:
            _check_messages_message(message)
        _check_structured(body)
        content: list[dict[str, Any]] = [{"type": "text", "text": f"I am {body['model']}."}]
        if "tool_choice" in body:
            name = body["tool_choice"]["name"]
            content = [{"type": "tool_use", "id": "toolu_1", "name": name, "input": {"verdict": "是"}}]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": "tool_use" if "tool_choice" in body else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 9, "cache_read_input_tokens": 2, "output_tokens": 5},
            **step.message,
            **step.over,
        }


def _openai(kind: str, body: Mapping[str, Any], choice: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": "cmpl-1",
        "object": kind,
        "created": 1,
        "model": f"{body['model']}-0919",
        "system_fingerprint": "fp_1",
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
    }


def _chat_logprob(token: str, count: int) -> dict[str, Any]:
    top = [{"token": f"{token}{n}" if n else token, "logprob": -0.1 - n, "bytes": None} for n in range(count)]
    return {"token": token, "logprob": -0.1, "bytes": None, "top_logprobs": top}


def _check_reasoning(body: Mapping[str, Any]) -> None:
    if "max_tokens" in body:
        raise _Bad(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
        )
    if body.get("temperature", 1) != 1:
        raise _Bad(
            400,
            "Unsupported value: 'temperature' does not support 0 with this model. "
            "Only the default (1) value is supported.",
            code="unsupported_value",
        )


def _check_chat_message(message: Mapping[str, Any]) -> None:
    if set(message) != {"role", "content"} or message["role"] not in ("system", "user", "assistant"):
        raise _Bad(400, f"a message of an unknown shape: {sorted(message)} {message.get('role')}")
    content = message["content"]
    for part in content if isinstance(content, list) else []:
        if part["type"] == "image_url":
            head, _, data = part["image_url"]["url"].partition(";base64,")
            _check_image(head.removeprefix("data:"), data)
        elif set(part) != {"type", "text"} or part["type"] != "text" or not part["text"]:
            raise _Bad(400, f"an unknown part of a message: {part}")


def _check_image(media_type: str, data: str) -> None:
    decoded = base64.b64decode(data, validate=True)
    if media_type != "image/png" or not decoded.startswith(b"\x89PNG\r\n\x1a\n"):
        raise _Bad(400, f"You uploaded an unsupported image ({media_type}, {decoded[:8]!r})")


def _check_response_format(form: Mapping[str, Any]) -> None:
    if form["type"] == "json_object":
        return
    given = form["json_schema"]
    if form["type"] != "json_schema" or not given["name"].replace("_", "").replace("-", "").isalnum():
        raise _Bad(400, "Invalid 'response_format.json_schema.name'")
    if given["strict"] and _loose(given["schema"]):
        raise _Bad(400, "Invalid schema for response_format: 'additionalProperties' is required to be false")


def _loose(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False
        or sorted(schema.get("required", ())) != sorted(schema["properties"])
    )


def _check_sampled(body: Mapping[str, Any], version: str) -> None:
    for name in ("temperature", "top_p"):
        if name in body and version != "2023-06-01":
            raise _Bad(400, f"{name}: Extra inputs are not permitted")
        if name in body and body["model"] != OLD_CLAUDE:
            raise _Bad(400, f"`{name}` is deprecated for this model.")
    thinking = body.get("thinking", {"type": "disabled"})
    if thinking["type"] == "enabled":
        if body["max_tokens"] <= thinking["budget_tokens"]:
            raise _Bad(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")
        if "temperature" in body:
            raise _Bad(400, "`temperature` may only be set to 1 when thinking is enabled.")


def _check_messages_message(message: Mapping[str, Any]) -> None:
    if set(message) != {"role", "content"} or message["role"] not in ("user", "assistant"):
        raise _Bad(400, f"messages: Unexpected role {message.get('role')!r}")
    content = message["content"]
    if not content:
        raise _Bad(400, "messages: text content blocks must be non-empty")
    for block in content if isinstance(content, list) else []:
        if block["type"] == "image":
            source = block["source"]
            if source["type"] != "base64":
                raise _Bad(400, "messages: an unknown source of an image")
            _check_image(source["media_type"], source["data"])
        elif set(block) != {"type", "text"} or not block["text"]:
            raise _Bad(400, f"messages: an unknown block {block['type']!r}")


def _check_structured(body: Mapping[str, Any]) -> None:
    form = body.get("output_config", {}).get("format")
    if form is not None and (form["type"] != "json_schema" or _loose(form["schema"])):
        raise _Bad(400, "output_config.format.schema: 'additionalProperties' must be explicitly set to false")
    if "tool_choice" in body and [tool["name"] for tool in body["tools"]] != [body["tool_choice"]["name"]]:
        raise _Bad(400, "tool_choice: names no tool")
