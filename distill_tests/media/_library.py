"""Pillow and PyAV, imported where they are needed; without them, which extra brings them."""

from __future__ import annotations

from typing import Any

from distill_tests.errors import MissingExtra


def pillow(purpose: str = "reading images") -> Any:
    """The package ``PIL`` with the parts that are used here; raises MissingExtra."""
    try:
        import PIL
        import PIL.Image
        import PIL.ImageDraw
        import PIL.ImageFont
        import PIL.ImageOps
    except ModuleNotFoundError as error:
        raise MissingExtra("pillow", "vision", purpose) from error
    return PIL


def pyav() -> Any:
    """The package ``av``; raises MissingExtra."""
    try:
        import av
        import av.error
    except ModuleNotFoundError as error:
        raise MissingExtra("av", "vision", "reading videos") from error
    return av
