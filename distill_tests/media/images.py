"""Pictures as a judge model is sent them: what their bytes are, upright, and not too large.

The media type is read off the content, never off the name.  A picture that is upright and small enough is
sent as the very bytes that were given; any other is turned, scaled, and written anew: a JPEG as JPEG
(quality 95), everything else as PNG, without a transparent ground (white).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError
from distill_tests.media._library import pillow
from distill_tests.media.files import bytes_of
from distill_tests.mediatypes import media_type_of
from distill_tests.types import Image

LARGEST_BYTES: Final = 20_000_000
LARGEST_PIXELS: Final = 50_000_000
"""Width times height; of a larger picture nothing but its header is read."""
LONGEST_SIDE: Final = 2048
"""Pixels of the longer side as sent; a larger picture is scaled down to it, a smaller one stays."""
LEAST_LONGEST_SIDE: Final = 32

_ORIENTATION: Final = 274
_UPRIGHT: Final = 1
_TYPES: Final = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG with more pictures behind it, which viewers do not show either
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
_KNOWN: Final = "JPEG, PNG, WebP or GIF"


class Picture(NamedTuple):
    """An image as it is sent, its size in pixels, and in words what was done to it."""

    image: Image
    width: int
    height: int
    notes: tuple[str, ...] = ()


def picture_in(path: Path, *, longest_side: int = LONGEST_SIDE) -> Picture:
    """The picture in a file; raises DataError, with the path."""
    data = bytes_of(path, largest=LARGEST_BYTES, what="an image")
    try:
        return picture(data, longest_side=longest_side)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def picture(data: bytes, *, longest_side: int = LONGEST_SIDE) -> Picture:
    """The picture that the bytes hold.

    Raises DataError in words for what is no picture, is cut short, moves, or is too large; MissingExtra.
    """
    if longest_side < LEAST_LONGEST_SIDE:
        raise DataError(f"longest_side must be at least {LEAST_LONGEST_SIDE} (got {longest_side})")
    if len(data) > LARGEST_BYTES:
        raise DataError(f"has {len(data):,} bytes; an image has at most {LARGEST_BYTES:,}")
    kind = media_type_of(data)
    if kind is None:
        raise DataError(f"is no {_KNOWN} (begins with the bytes {data[:8].hex(' ') or 'of nothing'})")
    turned, is_upright = _decoded(data, kind)
    width, height = scaled_size(*turned.size, longest_side=longest_side)
    if is_upright and (width, height) == turned.size:
        return Picture(Image(media_type=kind, data=data), width, height)
    notes = [] if is_upright else ["turned as its EXIF orientation says"]
    if (width, height) != turned.size:
        notes.append(f"scaled down from {turned.width} x {turned.height} to {width} x {height}")
        turned = _on_white(turned).resize((width, height), pillow().Image.Resampling.LANCZOS)
    return Picture(encoded(turned, kind), width, height, tuple(notes))


def scaled_size(width: int, height: int, *, longest_side: int) -> tuple[int, int]:
    """Width and height with the longer one at most ``longest_side``, in proportion, rounded half up."""
    longest = max(width, height)
    if longest <= longest_side:
        return width, height
    return tuple(max(1, (2 * side * longest_side + longest) // (2 * longest)) for side in (width, height))  # type: ignore[return-value]  # two of them


def encoded(opened: Any, kind: str) -> Image:
    """A Pillow image written as JPEG where ``kind`` is that, else as PNG; without its metadata."""
    out, plain = io.BytesIO(), _on_white(opened)
    if kind == "image/jpeg":
        plain.save(out, "JPEG", quality=95)
        return Image(media_type="image/jpeg", data=out.getvalue())
    plain.save(out, "PNG", exif=b"")
    return Image(media_type="image/png", data=out.getvalue())


def _on_white(opened: Any) -> Any:
    """The picture in RGB."""
    if opened.mode == "RGB":
        return opened
    if opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info:
        opaque = opened.convert("RGBA")
        ground = pillow().Image.new("RGBA", opaque.size, (255, 255, 255, 255))
        return pillow().Image.alpha_composite(ground, opaque).convert("RGB")
    if opened.mode.startswith("I"):  # 16 bits of grey, which convert() would clip to white
        opened = opened.convert("I").point(lambda value: value / 257).convert("L")
    return opened.convert("RGB")


class _Decoded(NamedTuple):
    """A Pillow image turned as its EXIF orientation says, and whether it was upright already."""

    turned: Any
    is_upright: bool


def _decoded(data: bytes, kind: str) -> _Decoded:
    """The size is looked at before any pixel is decoded."""
    library = pillow().Image
    try:
        opened = _reader(kind)(io.BytesIO(data), "")
        pixels = opened.width * opened.height
        if pixels > LARGEST_PIXELS:
            raise _too_large(f"{opened.width} x {opened.height} = {pixels:,}")
        if _TYPES.get(opened.format) != kind:
            raise DataError(f"begins as {kind} and cannot be read as that")
        frames = getattr(opened, "n_frames", 1)
        if frames > 1 and opened.format != "MPO":
            raise DataError(f"moves ({frames} frames); give it as a video, or save one frame as an image")
        opened.load()
        orientation = opened.getexif().get(_ORIENTATION, _UPRIGHT)
        return _Decoded(pillow().ImageOps.exif_transpose(opened), orientation == _UPRIGHT)
    except (library.DecompressionBombError, library.DecompressionBombWarning):
        raise _too_large(f"more than {LARGEST_PIXELS:,}") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error) as error:
        # What Pillow's readers raise for damaged files; OSError is also "image file is truncated".
        words = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"is a damaged or truncated {kind}: {words}") from None


def _reader(kind: str) -> Callable[[Any, str], Any]:
    """Pillow's reader of that type, which ``Image.open`` would take and then warn of a large picture."""
    library = pillow().Image
    library.init()
    name = next(name for name, told in _TYPES.items() if told == kind)
    if name not in library.OPEN:
        raise DataError(f"is {kind}, which this Pillow cannot read")
    reader: Callable[[Any, str], Any] = library.OPEN[name][0]
    return reader


def _too_large(pixels: str) -> DataError:
    return DataError(f"has {pixels} pixels; an image has at most {LARGEST_PIXELS:,}")
