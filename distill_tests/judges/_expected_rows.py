"""Rows of a file for ``expected_score``, and its scores as rows.

``id``, ``caption`` (or ``response``), ``references`` (a list of texts; may be missing), and ``image`` or
``video``: a path below the current folder.  It stands in ``Exhibit.recorded`` and is opened only where
the evidence shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill_tests.errors import DataError
from distill_tests.judges._expected_reading import ACCR
from distill_tests.media.frames import FrameRule, film_of_run
from distill_tests.media.images import picture_in
from distill_tests.specfile.files import is_below
from distill_tests.types import Exhibit, Image, Json, Model, Score


def read_row(row: Mapping[str, Any], _models: Mapping[str, Model]) -> Exhibit:
    identifier = row.get("id")
    if not isinstance(identifier, str | int) or isinstance(identifier, bool):
        raise DataError("id must be text or a whole number")
    key = "caption" if "caption" in row or "response" not in row else "response"
    if not isinstance(row.get(key), str):
        raise DataError(f"{key} must be text")
    references = row.get("references") or []
    if not isinstance(references, list) or not all(isinstance(one, str) for one in references):
        raise DataError("references must be a list of texts")
    paths: dict[str, Json] = {name: row[name] for name in ("image", "video") if row.get(name) is not None}
    for name, path in paths.items():
        if not isinstance(path, str) or not path:
            raise DataError(f"{name} must be a path")
        if not is_below(Path.cwd(), path):
            raise DataError(f"{name} must be a path below the folder in which the command runs")
    if len(paths) > 1:
        raise DataError("a row has an image or a video, not both")
    return Exhibit(id=str(identifier), answer=row[key], references=tuple(references), recorded={**paths})


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    """``overall``, or the four dimensions and their average; empty where it is unscored."""
    names = (*ACCR, "average") if score.details.get("scale") == "accr" else ("overall",)
    return {
        "id": exhibit.id,
        **{name: score.marks.get(name) for name in names},
        "label": score.label,
        "path": score.details.get("path"),
        "captured_mass": score.details.get("captured_mass"),
        "reason": score.reason,
        "judge": score.judge,
        "details": score.details,
    }


def medium_of(exhibit: Exhibit) -> str | None:
    """``image`` or ``video``, where the exhibit says which: by a path, or as ``recorded["media"]``."""
    told = exhibit.recorded.get("media")
    if told in ("image", "video"):
        return str(told)
    return next((name for name in ("video", "image") if name in exhibit.recorded), None)


def shown_images(
    exhibit: Exhibit, *, rule: FrameRule, longest_side: int
) -> tuple[tuple[Image, ...], dict[str, Json] | None]:
    """The images of an exhibit, and what is to be told of them; reads the file where only a path is given.

    Raises DataError, with the path, for a file that cannot be used.
    """
    if exhibit.images:
        return exhibit.images, None
    video, image = exhibit.recorded.get("video"), exhibit.recorded.get("image")
    if isinstance(video, str):
        film = film_of_run(Path(video), rule, folders=(Path.cwd(),))
        return film.images, film.told()
    if isinstance(image, str):
        picture = picture_in(Path(image), longest_side=longest_side)
        told: dict[str, Json] = {
            "width": picture.width,
            "height": picture.height,
            "notes": list(picture.notes),
        }
        return (picture.image,), told
    return (), None
