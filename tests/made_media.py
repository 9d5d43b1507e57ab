"""Small pictures and clips made by the tests themselves; skipped in words where Pillow or PyAV is missing."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (200, 30, 200), (30, 200, 200))


def pillow() -> Any:
    pytest.importorskip("PIL", reason="Pillow is not installed: pip install 'distill-tests[vision]'")
    import PIL.Image

    return PIL.Image


def pyav() -> Any:
    return pytest.importorskip("av", reason="PyAV is not installed: pip install 'distill-tests[vision]'")


def data_file(name: str) -> Path:
    """A file of the shared data; skips the test without it."""
    folder = os.environ.get("DISTILL_TESTS_DATA")
    path = Path(folder or ".") / "g-veval" / name
    if folder is None or not path.is_file():
        pytest.skip(f"DISTILL_TESTS_DATA has no g-veval/{name}")
    return path


def image_bytes(
    kind: str = "PNG", size: tuple[int, int] = (60, 40), *, mode: str = "RGB", **save: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    picture = pillow().new("RGB", size, (220, 20, 20))
    picture.paste((20, 20, 220), (size[0] // 2, 0, size[0], size[1]))
    out = io.BytesIO()
    picture.convert(mode).save(out, kind, **save)
    return out.getvalue()


def animation(kind: str = "GIF", frames: int = 3) -> bytes:
    pictures = [pillow().new("RGB", (20, 20), COLOURS[number]) for number in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], duration=100)
    return out.getvalue()


def clip(
    frames: int = 12,
    *,
    size: tuple[int, int] = (64, 48),
    rate: int = 4,
    stamps: Sequence[int] | None = None,
    form: str = "mp4",
    codec: str = "mpeg4",
    sample_aspect_ratio: Fraction | None = None,
    dark_left: bool = False,
    faststart: Path | None = None,
) -> bytes:
    """A clip whose frame number n is grey of value 10 + 10 n (modulo 240); ``stamps`` are in 1/1000 s.

    ``faststart``: through this file, with the index in front.
    """
    library, images = pyav(), pillow()
    out = io.BytesIO()
    options = {"movflags": "faststart"} if faststart else {}
    with library.open(str(faststart) if faststart else out, "w", format=form, options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = 3
        if stamps is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if sample_aspect_ratio is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect_ratio
        for number in range(frames):
            picture = images.new("RGB", size, (grey(number) if not dark_left else 240,) * 3)
            if dark_left:
                picture.paste((10, 10, 10), (0, 0, size[0] // 2, size[1]))
            frame = library.VideoFrame.from_image(picture)
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            else:
                frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return faststart.read_bytes() if faststart else out.getvalue()


def grey(number: int) -> int:
    return 10 + 10 * number % 240


def nearest_frame(picture: Any, box: tuple[int, int]) -> int:
    """Which frame of :func:`clip` a pixel of a picture is from (of the first 24)."""
    value: float = sum(picture.getpixel(box)) / 3
    return round((value - 10) / 10)


def turned(data: bytes) -> bytes:
    """An MP4 whose header says that it is to be shown turned by 90 degrees clockwise."""
    at = data.index(b"tkhd") + 4 + 40
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    assert data[data.index(b"tkhd") + 4] == 0, "a header of version 0"
    return data[:at] + matrix + data[at + 36 :]


def opened(data: bytes) -> Any:
    found = pillow().open(io.BytesIO(data))
    found.load()
    return found
