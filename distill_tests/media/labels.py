"""Frames with a line of text below them, and side by side in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from distill_tests.media._library import pillow

BAR_HEIGHT: Final = 28
"""Pixels of the white bar below a frame; the text is black and never covers the picture."""
TEXT_HEIGHT: Final = 16


def clock(seconds: float) -> str:
    """A time as ``0:02``, ``12:05`` or ``1:00:00``; whole seconds, rounded down."""
    whole = max(0, math.floor(seconds + 1e-6))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def labelled(frame: Any, text: str, *, bar: int = BAR_HEIGHT, size: int = TEXT_HEIGHT) -> Any:
    """A Pillow image with ``text`` in a white bar of ``bar`` pixels below it."""
    library = pillow("showing frames of videos")
    width, height = frame.size
    canvas = library.Image.new("RGB", (width, height + bar), "white")
    canvas.paste(frame, (0, 0))
    font = library.ImageFont.load_default(size)
    draw = library.ImageDraw.Draw(canvas)
    while size > 6 and draw.textlength(text, font=font) > width - 4:
        size -= 1
        font = library.ImageFont.load_default(size)
    draw.text((width / 2, height + bar / 2), text, fill="black", font=font, anchor="mm")
    return canvas


def mosaic(tiles: Sequence[Any]) -> Any:
    """Tiles from left to right, row by row: up to three in one row, more in a square of rows."""
    library = pillow("showing frames of videos")
    columns = len(tiles) if len(tiles) <= 3 else math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    width, height = max(tile.width for tile in tiles), max(tile.height for tile in tiles)
    canvas = library.Image.new("RGB", (columns * width, rows * height), "white")
    for number, tile in enumerate(tiles):
        canvas.paste(tile, ((number % columns) * width, (number // columns) * height))
    return canvas
