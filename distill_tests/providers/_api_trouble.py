"""What an error response of an API means: try again, give up the endpoint, or give up this request."""

from __future__ import annotations

import datetime
import email.utils
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from distill_tests.errors import EmptyReply, ProviderError, Refused, Transient

LONGEST_SAID = 300
LARGEST_READ = 200_000

_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "x-tt-logid", "x-trace-id", "cf-ray")

_FILTERED = frozenset(
    {
        "content_filter",  # Azure, Moonshot
        "content_policy_violation",  # OpenAI
        "invalid_prompt",  # OpenAI's reasoning models
        "responsibleaipolicyviolation",  # Azure
        "data_inspection_failed",  # DashScope
        "datainspectionfailed",  # DashScope
        "sensitivecontentdetected",  # Ark
        "inputtextsensitivecontentdetected",  # Ark
        "outputtextsensitivecontentdetected",  # Ark
        "1301",  # Zhipu
    }
)
_SAYS_FILTERED = re.compile(
    r"content exists risk"  # DeepSeek
    r"|content (?:management|filtering) policy"  # Azure, Anthropic
    r"|inappropriate content"  # DashScope
    r"|flagged as potentially violating|moderation and your input was flagged",  # OpenAI; OpenRouter
    re.IGNORECASE,
)
_REFUSED = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_error",
        "invalid_api_key",
        "account_deactivated",
        "model_not_found",
        "modelnotfound",
        "deploymentnotfound",
        "authentication_error",
        "permission_error",
    }
)
_SAYS_REFUSED = re.compile(
    r"\bmodel\b:?\s+(?:\S{1,120}\s+)?(?:is |was |does )?not (?:exist|found)"
    r"|api key not valid|credit balance is too low",  # Gemini; Anthropic: both a 400
    re.IGNORECASE,
)
_PARAMETER = re.compile(
    r"['\"`]?\b(temperature|top_p|seed|stop|stop_sequences|max_tokens|logprobs|response_format)\b",
    re.IGNORECASE,
)


def trouble_of(
    provider: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    keyless: bool = False,
    redact: Callable[[str], str] = str,
) -> ProviderError:
    """The error to raise for a response of ``status`` 300 to 599.

    ``keyless``: no key was sent; then that is the first thing to tell of a 401.  ``redact`` sees what the
    server says before it is cut to a length: half a secret is not found any more.
    """
    receipt = request_id(headers) or str(status)
    said = excerpt(redact(_said(content)))
    words = f"{provider}: {status} ({said})" if said else f"{provider}: {status}"
    if status in (301, 302, 303, 307, 308):
        to = excerpt(redact(headers.get("location") or "another address"))
        hint = "which is not followed; base_url has to be the address that answers"
        return Refused(f"{words}: a redirect to {to}, {hint}", receipt=receipt)
    codes = {code.lower() for code in _codes(json_of(content))}
    if codes & _FILTERED or (status != 429 and _SAYS_FILTERED.search(said)):
        return EmptyReply(f"{words}: the endpoint's content filter gave no answer", receipt=receipt)
    if status in (401, 402, 403, 404) or codes & _REFUSED or (status < 500 and _SAYS_REFUSED.search(said)):
        hint = "; its card names no key: api_key: ${NAME}" if keyless and status in (401, 403) else ""
        return Refused(words + hint, receipt=receipt)
    if _is_transient(status, headers):
        return Transient(words, retry_after=retry_after_s(headers), receipt=receipt)
    named = _PARAMETER.search(said) if status in (400, 422) else None
    hint = f"; a card can leave parameters out, omit: [{named[1].lower()}]" if named else ""
    return ProviderError(words + hint, receipt=receipt)


def _is_transient(status: int, headers: Mapping[str, str]) -> bool:
    """The SDKs' own rule; a server may say itself whether another attempt makes sense."""
    told = headers.get("x-should-retry")
    if told in ("true", "false"):
        return told == "true"
    return status in (408, 409, 425, 429) or status >= 500


def retry_after_s(headers: Mapping[str, str], *, now: datetime.datetime | None = None) -> float | None:
    """Seconds to wait, from ``retry-after-ms``, or ``retry-after`` in seconds or as an HTTP date."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("retry-after")
    seconds = _number(told)
    if seconds is not None or told is None:
        return seconds
    try:
        when = email.utils.parsedate_to_datetime(told)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
    return max(0.0, (when - (now or datetime.datetime.now(datetime.UTC))).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def request_id(headers: Mapping[str, str]) -> str | None:
    """By what the endpoint's operator finds the call."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def json_of(content: bytes) -> Mapping[str, Any]:
    """The object in a body, empty where there is none."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def text_of(content: bytes) -> str:
    """The text of a body, of a large one the beginning."""
    return content[:LARGEST_READ].decode("utf-8", "replace")


def excerpt(text: str, longest: int = LONGEST_SAID) -> str:
    """``text`` on one line and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _said(content: bytes) -> str:
    """What the body says of the error, whatever its shape."""
    data = json_of(content)
    error = data.get("error")
    places = (error if isinstance(error, Mapping) else {}, data)
    for place in places:
        for key in ("message", "detail", "msg", "error"):
            if isinstance(place.get(key), str) and place[key].strip():
                return str(place[key])
    return text_of(content)


def _codes(data: Mapping[str, Any]) -> Iterator[str]:
    error = data.get("error")
    inner = error.get("innererror") if isinstance(error, Mapping) else None
    for place in (data, error, inner):
        if isinstance(place, Mapping):
            for key in ("code", "type", "status"):
                if isinstance(place.get(key), (str, int)):
                    yield str(place[key])
