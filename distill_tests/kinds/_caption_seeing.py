"""An item's image, or frames of its clip, as they are sent; and what a target that captions them is asked."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.errors import DataError
from distill_tests.kinds._answered import own_system
from distill_tests.kinds._caption_case import Item
from distill_tests.kinds._caption_setting import Setting
from distill_tests.media.frames import film_of_run
from distill_tests.media.images import picture_in
from distill_tests.specfile.files import shown_path
from distill_tests.types import Image, Json, Message, Model, Request, Spec


class Seen(NamedTuple):
    """What is sent of an image or a clip, and what an auditor is told of it."""

    images: tuple[Image, ...]
    told: Mapping[str, Json]


async def seen(item: Item, setting: Setting, spec: Spec) -> Seen:
    """Read off the loop: a clip takes seconds to decode.

    Raises DataError, with the path, for a file that cannot be used, or where the item has none; MissingExtra.
    """
    return await asyncio.to_thread(read, item, setting, spec)


def read(item: Item, setting: Setting, spec: Spec) -> Seen:
    if item.path is None:
        raise DataError("the item has no image and no video")
    path = Path(shown_path(item.path))  # a reason tells it, and a record is read elsewhere
    if item.medium == "video":
        film = film_of_run(path, setting.rule, folders=(Path.cwd(), *Path(spec.path).resolve().parents))
        return Seen(film.images, {"file": item.written, **film.told(), "sent": _sent(film.images)})
    picture = picture_in(path, longest_side=setting.longest_side)
    told: dict[str, Json] = {
        "file": item.written,
        "width": picture.width,
        "height": picture.height,
        "notes": list(picture.notes),
        "sent": _sent((picture.image,)),
    }
    return Seen((picture.image,), told)


def _sent(images: tuple[Image, ...]) -> list[Json]:
    return [
        {
            "media_type": one.media_type,
            "bytes": len(one.data),
            "sha256": hashlib.sha256(one.data).hexdigest(),
        }
        for one in images
    ]


# --- a target that captions -----------------------------------------------------------------------


@cache
def _document() -> Mapping[str, Any]:
    file = resources.files("distill_tests").joinpath("data", "prompts", "captioning.json")
    document: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def instruction_of(item: Item, setting: Setting) -> str:
    """What the target is told; in English where there is no wording of ours in the item's language."""
    if setting.instruction is not None:
        return setting.instruction
    languages = _document()["languages"]
    words = languages.get(item.language.partition("-")[0], languages["en"])
    return str(words[item.medium or "image"])


def instruction_version(setting: Setting) -> str:
    """``captioning 1 (…)`` or ``own (…)``: the version, and the first of the SHA-256 of the wording."""
    name, wording = "own", json.dumps(setting.instruction)
    if setting.instruction is None:
        name = f"captioning {_document()['version']}"
        wording = json.dumps(_document(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return f"{name} ({hashlib.sha256(wording.encode('ascii')).hexdigest()[:12]})"


def request_for(
    item: Item, images: tuple[Image, ...], setting: Setting, spec: Spec, target: Model, *, sample: int
) -> Request:
    """One question with the images beside it."""
    question = Message(role="user", text=instruction_of(item, setting), images=images)
    return Request(
        model=target, messages=(*own_system(target), question), sampling=spec.sampling, sample=sample
    )
