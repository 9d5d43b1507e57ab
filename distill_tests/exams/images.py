"""Images that a row names by path, with the media type their content has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from distill_tests.exams.findings import quoted
from distill_tests.mediatypes import media_type_of
from distill_tests.specfile.files import is_below
from distill_tests.types import Image

LARGEST: Final = 20 * 2**20
LARGEST_TOGETHER: Final = 512 * 2**20
"""Bytes of all images of one file: they are held in memory while the exam is asked."""
ALLOWED: Final = "PNG, JPEG, GIF or WebP"


class Images:
    """Reads images below the folder of a data file, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: dict[str, Image | str] = {}
        self._bytes = 0

    def at(self, written: str) -> Image | str:
        """The image, or what is wrong with it."""
        if written not in self._read:
            self._read[written] = self._image(written)
        return self._read[written]

    def _image(self, written: str) -> Image | str:
        if not is_below(self._folder, written):
            return f"image {quoted(written)} is not below the folder of the file"
        path = self._folder / written
        try:
            if not path.is_file():
                return f"no image {quoted(written)}"
            size = path.stat().st_size
            if size > LARGEST or self._bytes + size > LARGEST_TOGETHER:
                limits = f"{LARGEST // 2**20} MB each, {LARGEST_TOGETHER // 2**20} MB together"
                return f"image {quoted(written)} is too large; {limits}"
            data = path.read_bytes()
        except OSError as error:
            return f"image {quoted(written)} cannot be read: {error.strerror or error}"
        media_type = media_type_of(data)
        if media_type is None:
            return f"{quoted(written)} is no image; {ALLOWED}"
        self._bytes += size
        return Image(media_type=media_type, data=data)
