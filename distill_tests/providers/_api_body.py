"""Bodies of responses in bounds: a reply that never ends does not fill this machine's memory."""

from __future__ import annotations

from typing import Any

LARGEST_BODY = 32 * 1024 * 1024
"""In bytes, after decompression.  An answer of 10 MB fits, in any language."""


class TooLarge(Exception):
    """The body of a response goes beyond LARGEST_BODY."""


def bounded_client(sdk: Any) -> Any:
    """The SDK's own HTTP client, which follows no redirect and reads no body beyond LARGEST_BODY.

    Text for a confidential model's endpoint goes to the address on its card, not where that points.
    """

    class BoundedClient(sdk.DefaultAsyncHttpxClient):  # type: ignore[misc]  # a class of the SDK in use
        async def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:  # noqa: ARG002
            response = await super().send(request, stream=True, **options)
            try:
                content = await _read(response)
            finally:
                await response.aclose()
            return _whole(response, content)

    return BoundedClient(follow_redirects=False)


async def _read(response: Any) -> bytes:
    pieces, size = [], 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > LARGEST_BODY:
            raise TooLarge(f"a body of more than {LARGEST_BODY // 2**20} MB")
        pieces.append(piece)
    return b"".join(pieces)


def _whole(response: Any, content: bytes) -> Any:
    """The response with its body read: of the HTTP library that the SDK uses, whichever that is."""
    of_the_way = (b"content-encoding", b"content-length", b"transfer-encoding")
    return type(response)(
        response.status_code,
        headers=[(name, value) for name, value in response.headers.raw if name.lower() not in of_the_way],
        content=content,
        request=response.request,
        extensions=response.extensions,
    )
