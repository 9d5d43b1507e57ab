"""What a GGUF file says of itself: the metadata in its header, without its tensors.

The format is described in ggml's docs/gguf.md; versions 2 and 3 are read, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from distill_tests.errors import DataError

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_LONGEST = 16 << 20

Metadata = Mapping[str, str | int | float | bool]


def metadata(path: Path) -> Metadata:
    """The scalar and text values of the header by key (``general.name``, ``tokenizer.chat_template`` …).

    Arrays (the vocabulary) are passed over.  Raises DataError for a file that is not GGUF or is cut off.
    """
    try:
        with path.open("rb") as file:
            return _metadata(file, path)
    except (struct.error, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: damaged GGUF header ({error})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def _metadata(file: IO[bytes], path: Path) -> Metadata:
    if file.read(4) != b"GGUF":
        raise DataError(f"{path}: not a GGUF file")
    version, _tensors, count = struct.unpack("<IQQ", _exactly(file, 20))
    if version not in (2, 3):
        raise DataError(f"{path}: GGUF version {version}; versions 2 and 3 can be read")
    found: dict[str, str | int | float | bool] = {}
    for _ in range(count):
        key = _text(file)
        (kind,) = struct.unpack("<I", _exactly(file, 4))
        if kind == _ARRAY:
            _pass_array(file)
        elif kind == _STRING:
            found[key] = _text(file)
        else:
            found[key] = _scalar(file, kind)
    return found


def _scalar(file: IO[bytes], kind: int) -> int | float | bool:
    layout = _layout(kind)
    value: int | float | bool = struct.unpack(layout, _exactly(file, struct.calcsize(layout)))[0]
    return value


def _layout(kind: int) -> str:
    if kind not in _SCALARS:
        raise EOFError(f"value type {kind}")
    return _SCALARS[kind]


def _text(file: IO[bytes]) -> str:
    return _exactly(file, _length(file)).decode("utf-8")


def _length(file: IO[bytes]) -> int:
    (length,) = struct.unpack("<Q", _exactly(file, 8))
    if length > _LONGEST:
        raise EOFError(f"a text of {length} bytes")
    return int(length)


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError("the file ends within it")
    return data


def _pass_array(file: IO[bytes]) -> None:
    kind, count = struct.unpack("<IQ", _exactly(file, 12))
    if kind == _STRING:
        for _ in range(count):
            _exactly(file, _length(file))
    else:
        file.seek(count * struct.calcsize(_layout(kind)), 1)
