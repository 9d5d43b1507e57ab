"""A card's client of an official SDK: imported and made at the first call, asked once a call.

The SDKs are imported here and nowhere else, so that collecting and replaying need none of them.  They
decide about authentication, headers, proxies and certificates; their own retries are off, and what came
back is read from the raw body, since compatible endpoints do not always keep to the SDKs' types.
"""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import importlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from distill_tests.errors import DistillError, MissingExtra, ProviderError, Refused, Transient
from distill_tests.providers._api_body import TooLarge
from distill_tests.providers._api_trouble import (
    LONGEST_SAID,
    excerpt,
    json_of,
    request_id,
    text_of,
    trouble_of,
)

CONNECT_S = 30.0
"""For the connection alone; how long a reply may take is the engine's deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back, and its receipts.  ``data`` is the body's JSON object."""

    data: Mapping[str, Any]
    headers: Mapping[str, str]
    content: bytes
    latency_s: float

    def receipts(self) -> dict[str, Any]:
        """The keyword arguments of a Reply that say where the call is found again."""
        return {
            "request_id": request_id(self.headers),
            "received_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            "body_sha256": hashlib.sha256(self.content).hexdigest(),
            "latency_s": round(self.latency_s, 4),
        }


class Line:
    """The way to one card's endpoint.  ``make`` gets the SDK's module and gives its async client.

    ``sdk`` is the name of the SDK's module, of its package and of the extra that brings it; ``where``
    the address for messages; ``redact`` is for what the endpoint says, before it is cut to a length.
    """

    def __init__(
        self,
        sdk: str,
        make: Callable[[Any], Any],
        *,
        where: str,
        keyless: bool,
        redact: Callable[[str], str],
    ) -> None:
        self._name, self._make = sdk, make
        self._where, self._keyless, self._redact = where, keyless, redact
        self._making: asyncio.Future[tuple[Any, Any]] | None = None

    async def post(self, call: Callable[[Any], Awaitable[Any]]) -> Response:
        """The response to ``call(client)``; raises a ProviderError, or MissingExtra."""
        if self._making is None:
            self._making = asyncio.ensure_future(asyncio.to_thread(self._made))
        # One request's deadline must not end it for all.
        sdk, client = await asyncio.shield(self._making)
        started = time.perf_counter()
        try:
            raw = (await call(client)).http_response
        except sdk.APIStatusError as error:
            response = error.response
            raise self._trouble(response.status_code, response.headers, response.content) from None
        except (TooLarge, sdk.APIConnectionError) as error:
            raise self._unanswered(error) from None
        except sdk.APIError as error:
            raise ProviderError(f"{self._name}: {self._shown(str(error))}") from None
        except UnicodeEncodeError:
            raise ProviderError(
                f"{self._name}: the request holds a lone surrogate, which UTF-8 cannot carry"
            ) from None
        return self._checked(raw, time.perf_counter() - started)

    async def aclose(self) -> None:
        making, self._making = self._making, None
        if making is None:
            return
        try:
            _sdk, client = await making
        except DistillError:
            return  # it never was; post() has said why
        await client.close()

    def _made(self) -> tuple[Any, Any]:
        try:
            sdk = importlib.import_module(self._name)
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or self._name, self._name, f"provider {self._name!r}") from error
        try:
            return sdk, self._make(sdk)
        except DistillError:
            raise
        except Exception as error:  # noqa: BLE001 - the SDKs raise what they like for a card they cannot use
            raise Refused(f"{self._name}: {self._shown(str(error))}", sent=False) from None

    def _trouble(self, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
        return trouble_of(self._name, status, headers, content, keyless=self._keyless, redact=self._redact)

    def _unanswered(self, error: BaseException) -> ProviderError:
        for known in (error, error.__cause__):  # Some SDKs wrap whatever their HTTP client raises.
            if isinstance(known, TooLarge):  # Another attempt would bring, and cost, as much.
                return ProviderError(f"{self._name}: {known} from {self._where}")
        return Transient(f"{self._name}: no reply from {self._where} ({self._shown(_cause(error), 120)})")

    def _shown(self, text: str, longest: int = LONGEST_SAID) -> str:
        return excerpt(self._redact(text), longest)

    def _checked(self, raw: Any, latency_s: float) -> Response:
        """The response, if its body is an object that tells of no error."""
        content: bytes = raw.content
        data = json_of(content)
        if not data:
            shown = self._shown(text_of(content), 80) or "nothing"
            raise Transient(
                f"{self._name}: {raw.status_code} with a body that is no JSON object: {shown}",
                receipt=request_id(raw.headers),
            )
        if data.get("error"):  # OpenRouter and other relays tell of an upstream's trouble with a 200
            error = data["error"]
            code = error.get("code") if isinstance(error, Mapping) else None
            status = code if isinstance(code, int) and 400 <= code <= 599 else 502
            raise self._trouble(status, raw.headers, content)
        return Response(data=data, headers=raw.headers, content=content, latency_s=latency_s)


def _cause(error: BaseException) -> str:
    """Why there was no reply: the SDKs themselves say "Connection error." for everything."""
    words = str(error)
    cause = error.__cause__ or error.__context__
    while cause is not None:
        words = str(cause).strip() or words or type(cause).__name__
        cause = cause.__cause__ or cause.__context__
    return words.rstrip(".")


def token_count(value: Any) -> int | None:
    """A number of tokens that an endpoint tells; None where it is none: totals and costs add them up."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
