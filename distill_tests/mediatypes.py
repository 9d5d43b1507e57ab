"""What kind of image bytes are, by their first ones and whatever a file is called; pure."""

from __future__ import annotations


def media_type_of(data: bytes) -> str | None:
    """The media type of a JPEG, PNG, WebP or GIF; None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else None
