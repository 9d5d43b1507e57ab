"""Frames of a clip as a judge model is sent them: which ones, how they look, and what could not be decoded.

Placements, over the whole clip from its first frame to its end:

``centres``    the frames shown at the middles of ``count`` equal parts of the running time
``ends``       the first frame, the last one, and the rest at equal distances between them
``published``  frames (i x (N - 1)) // 3 for i = 0, 1, 2 of N, as the published script takes them: the last
               third of a clip is never shown

Times are those of the stream, so that a variable frame rate does not shift them.  Sides are kept in
proportion (pixel shape and rotation as the file says) but for ``published``: 512 x 462, whatever the shape,
a bar of 50 pixels below with ``Frame 1``, three side by side, one PNG of 1536 x 512.  (The published script
scales with OpenCV, we with Pillow: single pixels differ.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from distill_tests.errors import DataError
from distill_tests.media._library import pillow, pyav
from distill_tests.media.clip import Shot, Timeline, shots_of, timeline_of
from distill_tests.media.files import bytes_of
from distill_tests.media.images import encoded, scaled_size
from distill_tests.media.kept import Kept, kept, sha256_of
from distill_tests.media.labels import clock, labelled, mosaic
from distill_tests.types import Image, Json

VERSION: Final = 1
"""Raised when the same clip and rule come to other pictures; part of the cache's key."""
LARGEST_BYTES: Final = 300_000_000
MOST_SHOWN: Final = 32
STATE: Final = ".distill-tests"
"""The folder of a run's state; it is made by the run, and only used where it is."""
_PUBLISHED_SIZE: Final = (512, 462)
_PUBLISHED_BAR: Final = 50

Placement = Literal["centres", "ends", "published"]
Layout = Literal["mosaic", "separate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRule:
    """Which frames are shown, and how.  ``longest_side`` is that of one frame, in pixels."""

    count: int = 3
    placement: Placement = "centres"
    layout: Layout = "mosaic"
    longest_side: int = 512

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SHOWN:
            raise DataError(f"the number of frames must be from 1 to {MOST_SHOWN} (got {self.count})")
        if self.placement not in ("centres", "ends", "published"):
            raise DataError(f"placement must be centres, ends or published (got {self.placement!r})")
        if self.layout not in ("mosaic", "separate"):
            raise DataError(f"layout must be mosaic or separate (got {self.layout!r})")
        if not 32 <= self.longest_side <= 4096:
            raise DataError(f"the longest side of a frame must be from 32 to 4096 (got {self.longest_side})")
        if self.placement == "published" and (self.count, self.layout) != (3, "mosaic"):
            raise DataError("the published placement has three frames in one mosaic")


PUBLISHED: Final = FrameRule(placement="published")


class Film(NamedTuple):
    """A clip as it is sent.

    ``times_s`` are the frames' times from the first one, in seconds; ``frames`` is how many the clip has,
    ``undecodable`` how many of those that were tried could not be decoded; ``notes`` says in words what an
    auditor should know.
    """

    images: tuple[Image, ...]
    labels: tuple[str, ...]
    times_s: tuple[float, ...]
    frames: int
    undecodable: int
    seconds: float
    sha256: str
    notes: tuple[str, ...] = ()

    def told(self) -> dict[str, Json]:
        """What stands in a report."""
        return {
            "video_sha256": self.sha256,
            "frames": self.frames,
            "undecodable": self.undecodable,
            "seconds": round(self.seconds, 3),
            "shown": list(self.labels),
            "notes": list(self.notes),
        }


def film_in(path: Path, rule: FrameRule | None = None, *, cache: Path | None = None) -> Film:
    """The frames of the clip in a file; raises DataError, with the path.

    ``cache``: a folder in which results are kept by the SHA-256 of the clip's bytes and of the rule, so that
    two clips of one name are two, and a changed clip is another.
    """
    data = bytes_of(path, largest=LARGEST_BYTES, what="a video")
    try:
        return film(data, rule, cache=cache)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def film_of_run(path: Path, rule: FrameRule | None = None, *, folders: Iterable[Path]) -> Film:
    """The frames of a clip, kept for other runs in the first of ``folders`` that has a run's state.

    Trouble with what is kept costs no clip.  Raises DataError, with the path.
    """
    state = next((folder / STATE for folder in folders if (folder / STATE).is_dir()), None)
    if state is not None:
        try:
            return film_in(path, rule, cache=state / "frames")
        except DataError:
            pass  # the clip's, which will come again, or that folder's
    return film_in(path, rule)


def film(data: bytes, rule: FrameRule | None = None, *, cache: Path | None = None) -> Film:
    """The frames of the clip that the bytes hold.

    Raises DataError in words for what is no video, is cut short, or has no frame that can be decoded;
    MissingExtra.
    """
    rule = rule or FrameRule()
    identity = sha256_of(data)
    if cache is None:
        return _made(data, rule, identity)
    key = sha256_of(repr((VERSION, identity, sorted(asdict(rule).items()))).encode())
    found = kept(cache, key, lambda: _kept(_made(data, rule, identity)))
    return Film(images=found.images, **_film_of(found.told))


def _made(data: bytes, rule: FrameRule, identity: str) -> Film:
    pyav(), pillow("showing frames of videos")
    line = timeline_of(data)
    shots = shots_of(data, line, wanted_indices(line, rule))
    if rule.placement == "published":
        labels = tuple(f"Frame {number}" for number in range(1, len(shots.found) + 1))
        tiles = [_published_tile(shot, text) for shot, text in zip(shots.found, labels, strict=True)]
    else:
        labels = _labels(shots.found)
        tiles = [_tile(shot, text, rule) for shot, text in zip(shots.found, labels, strict=True)]
    pictures = [mosaic(tiles)] if rule.layout == "mosaic" else tiles
    return Film(
        images=tuple(encoded(one, "image/png") for one in pictures),
        labels=labels,
        times_s=tuple(round(shot.time_s, 6) for shot in shots.found),
        frames=len(line.times_s),
        undecodable=shots.undecodable,
        seconds=line.seconds,
        sha256=identity,
        notes=tuple(_notes(line, shots.found, shots.undecodable, rule)),
    )


def wanted_indices(line: Timeline, rule: FrameRule) -> tuple[int, ...]:
    """Numbers of frames, from 0, in order of time and each once."""
    last = len(line.times_s) - 1
    if rule.placement == "published":
        return tuple((number * last) // 3 for number in range(3))
    if rule.placement == "ends" and rule.count > 1:
        end = line.times_s[-1]
        moments = [end * number / (rule.count - 1) for number in range(rule.count)]
    else:
        moments = [line.seconds * (number + 0.5) / rule.count for number in range(rule.count)]
    return tuple(sorted({line.shown_at(moment) for moment in moments}))


def _labels(shots: Sequence[Shot]) -> tuple[str, ...]:
    return tuple(
        f"Frame {number} of {len(shots)}, {clock(shot.time_s)}" for number, shot in enumerate(shots, start=1)
    )


def _tile(shot: Shot, text: str, rule: FrameRule) -> Any:
    size = scaled_size(*shot.picture.size, longest_side=rule.longest_side)
    small = (
        shot.picture.resize(size, pillow().Image.Resampling.LANCZOS)
        if size != shot.picture.size
        else shot.picture
    )
    return labelled(small, text)


def _published_tile(shot: Shot, text: str) -> Any:
    squeezed = shot.picture.resize(_PUBLISHED_SIZE, pillow().Image.Resampling.BILINEAR)
    return labelled(squeezed, text, bar=_PUBLISHED_BAR, size=30)


def _notes(line: Timeline, shots: Sequence[Shot], undecodable: int, rule: FrameRule) -> list[str]:
    notes = list(line.notes)
    if undecodable:
        notes.append(f"{undecodable} of {len(line.times_s)} frames could not be decoded")
    replaced = sum(shot.is_replacement for shot in shots)
    if replaced:
        notes.append(f"{replaced} of the frames shown stand for one beside them that could not be decoded")
    if len(shots) < rule.count:
        notes.append(f"{len(shots)} frames are shown, not {rule.count}: the clip has no more to show")
    return notes


def _kept(film: Film) -> Kept:
    told = film._asdict()
    images = told.pop("images")
    return Kept(images, told)


def _film_of(told: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
