"""FOIL: captions of COCO pictures, each with a twin in which one word is wrong.

``images`` (``id``, ``file_name``) and ``annotations`` (``id``, ``image_id``, ``caption``, ``foil``); what an
annotation id has in common is an original and its foils.  References are all captions of the picture in the
COCO file but the original one.  An original stands once, however many foils it has; where a part is missing
or cannot be used, the whole pair is left out and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill_tests.errors import DataError
from distill_tests.ratings.items import Found, PairPart, RatedItem, Rules, path_below, shown, text_in
from distill_tests.ratings.jsonfile import Document


def read(document: Document, captions: Document, rules: Rules, found: Found, *, has_images: bool) -> None:
    """``captions``: COCO's captions of the same pictures; ``has_images``: they lie in the rules' folder."""
    pictures = _pictures(document)
    references = _references(captions)
    pairs: dict[str, list[tuple[int, Any]]] = {}
    for number, one in enumerate(_list(document, "annotations")):
        try:
            pairs.setdefault(_id(one), []).append((number, one))
        except DataError as problem:
            found.name(1, f"annotation {number}: {problem}")
    for name, parts in pairs.items():
        try:
            found.items.extend(_pair(name, parts, pictures, references, rules, found, has_images=has_images))
        except DataError as problem:
            found.name(1, f"annotation {name}: {problem}")


def _list(document: Document, key: str) -> list[Any]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get(key), list) or not data[key]:
        raise DataError(f"{document.path}:1:1: must be an object with {key!r}, a list that is not empty")
    found: list[Any] = data[key]
    return found


def _pictures(document: Document) -> dict[str, str]:
    found = {}
    for one in _list(document, "images"):
        if isinstance(one, dict) and isinstance(one.get("file_name"), str):
            found[str(one.get("id"))] = one["file_name"]
    return found


def _references(document: Document) -> dict[str, list[tuple[str, str]]]:
    """By picture, the id and the text of each caption."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in _list(document, "annotations"):
        if isinstance(one, dict) and isinstance(one.get("caption"), str):
            found.setdefault(str(one.get("image_id")), []).append((str(one.get("id")), one["caption"]))
    return found


def _id(one: Any) -> str:
    if (
        not isinstance(one, dict)
        or isinstance(one.get("id"), bool)
        or not isinstance(one.get("id"), int | str)
    ):
        raise DataError("must be an object with id, image_id, caption and foil")
    return str(one["id"])


def _pair(
    name: str,
    parts: list[tuple[int, Any]],
    pictures: Mapping[str, str],
    references: Mapping[str, list[tuple[str, str]]],
    rules: Rules,
    found: Found,
    *,
    has_images: bool,
) -> list[RatedItem]:
    for _, one in parts:
        text_in(one, "caption")
        if not isinstance(one.get("foil"), bool):
            raise DataError(f"'foil' is true or false (got {shown(one.get('foil'))})")
    originals = [one for _, one in parts if not one["foil"]]
    foils = [one for _, one in parts if one["foil"]]
    if len(originals) != 1 or not foils:
        raise DataError(f"a pair is one original and its foils (got {len(originals)} and {len(foils)})")
    picture = str(originals[0].get("image_id"))
    if any(str(one.get("image_id")) != picture for one in foils):
        raise DataError("the original and its foils are of different pictures")
    texts = _other_captions(name, originals[0]["caption"], references.get(picture, []))
    if not texts:
        raise DataError(f"no caption of picture {picture} but the original is in the COCO file")
    if has_images and picture not in pictures:
        raise DataError(f"picture {picture} is not among 'images'")
    image = path_below(rules.folder, pictures[picture]) if has_images else None
    ids = ["original", *("foil" if len(foils) == 1 else f"foil-{n}" for n in range(1, len(foils) + 1))]
    return [
        RatedItem(
            id=f"{name}.{part}",
            place=found.at(1),
            caption=one["caption"],
            clip=picture,
            references=texts,
            image=image,
            pair=PairPart(name=name, is_better=not one["foil"]),
        )
        for part, one in zip(ids, (originals[0], *foils), strict=True)
    ]


def _other_captions(name: str, original: str, captions: list[tuple[str, str]]) -> tuple[str, ...]:
    """All but the original, by its id and by its text: no reference must be the caption itself."""
    said = " ".join(original.split()).lower()
    return tuple(text for id_, text in captions if id_ != name and " ".join(text.split()).lower() != said)
