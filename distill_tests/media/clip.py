"""A clip through PyAV: when each of its frames is shown, and the pictures of some of them."""

from __future__ import annotations

import bisect
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError
from distill_tests.media._library import pillow, pyav
from distill_tests.media.images import LARGEST_PIXELS

MOST_FRAMES: Final = 60_000
MOST_HELD: Final = 400_000_000
"""Pixels of all wanted frames together: they are held as they were decoded."""
"""About half an hour at 30 frames a second: all frames up to the last one shown are decoded."""
LEAST_THERE: Final = 0.95
"""Of the frames that the header tells of; with fewer the clip is cut short."""


class Timeline(NamedTuple):
    """When each frame is shown, in seconds from the first one, ascending; ``seconds`` is the whole length.

    ``stamps`` are the stream's own times of the same frames; empty where it has none.
    """

    times_s: tuple[float, ...]
    seconds: float
    stamps: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def shown_at(self, moment_s: float) -> int:
        """The number of the frame that is on the screen at that time."""
        return max(0, bisect.bisect_right(self.times_s, moment_s + 1e-9) - 1)


class Shot(NamedTuple):
    """One frame as a Pillow image in RGB, upright; ``is_replacement``: the nearest to one that failed."""

    picture: Any
    time_s: float
    is_replacement: bool


class Shots(NamedTuple):
    found: tuple[Shot, ...]
    undecodable: int


def timeline_of(data: bytes) -> Timeline:
    """When the frames are shown, read off the packets without decoding them.

    Raises DataError for what is no video, holds no frame, has too many or too large ones, or is cut short.
    """
    with _opened(data) as (container, stream):
        stamps, count, broke_off = _packets(container, stream)
        told = int(stream.frames or 0)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        base = stream.time_base or 1 / Fraction(rate)
        length_s = _told_seconds(container, stream)
    if count == 0:
        raise DataError("has no frame of video (zero frames)")
    if told and count < LEAST_THERE * told:
        raise DataError(f"is cut short: its header tells of {told} frames, {count} are there")
    step = float(1 / Fraction(rate))
    notes = [] if told or length_s else ["the file tells neither its length nor its number of frames"]
    if count < told:
        notes.append(f"{told - count} of the {told} frames that its header tells of are missing")
    if len(stamps) == count and len(set(stamps)) == count:
        ordered = tuple(sorted(stamps))
        times = tuple(float((stamp - ordered[0]) * base) for stamp in ordered)
        step = times[-1] - times[-2] if count > 1 else step
    else:
        ordered, times = (), tuple(number * step for number in range(count))
        notes.append(f"frames without times of their own: taken as {float(rate):g} a second")
    seconds = times[-1] + step
    if not told and length_s and seconds < LEAST_THERE * length_s - 1:
        raise DataError(f"is cut short: its header tells of {length_s:.1f} s, {seconds:.1f} s are there")
    if broke_off:
        raise DataError(f"is cut short or damaged: reading broke off after {count} frames ({broke_off})")
    return Timeline(times, seconds, ordered, tuple(notes))


def _packets(container: Any, stream: Any) -> tuple[list[int], int, str]:
    """Times of the packets that have one, how many packets there are, and why reading broke off."""
    stamps: list[int] = []
    count = 0
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            count += 1
            if count > MOST_FRAMES:
                raise DataError(f"has more than {MOST_FRAMES:,} frames; cut it into shorter clips")
            if packet.pts is not None:
                stamps.append(packet.pts)
    except pyav().error.FFmpegError as error:
        return stamps, count, _words(error)
    return stamps, count, ""


def _told_seconds(container: Any, stream: Any) -> float:
    """The length that the header tells; 0 where it tells none."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / float(pyav().time_base)


def shots_of(data: bytes, line: Timeline, wanted: Sequence[int]) -> Shots:
    """The wanted frames, each decoded; one that cannot be is replaced by the nearest that can.

    Raises DataError where no frame can be decoded.
    """
    nearest: dict[int, tuple[int, Any]] = {}
    seen, failed = 0, 0
    places = {stamp: number for number, stamp in enumerate(line.stamps)}
    with _opened(data) as (container, stream):
        shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
        _refuse_more_than_can_be_held(stream.codec_context, len(wanted))
        for frame in _decoded(container, stream):
            if frame is None or frame.is_corrupt:
                failed += 1
                continue
            number = places.get(frame.pts, -1) if places else seen + failed
            seen += 1
            if number < 0:
                continue
            for want in wanted:
                best = nearest.get(want)
                if best is None or abs(number - want) < abs(best[0] - want):
                    nearest[want] = (number, frame)
            if number > wanted[-1] and all(want in nearest and nearest[want][0] == want for want in wanted):
                break
        else:
            failed = max(failed, len(line.times_s) - seen)
        if not nearest:
            raise DataError(f"none of its {len(line.times_s)} frames can be decoded (zero frames)")
        found: dict[int, Shot] = {}
        for want in wanted:
            number, frame = nearest[want]
            found.setdefault(number, Shot(_upright(frame, shape), line.times_s[number], number != want))
    return Shots(tuple(found[number] for number in sorted(found)), failed)


def _refuse_more_than_can_be_held(codec: Any, wanted: int) -> None:
    width, height = codec.width or 0, codec.height or 0
    if width * height * wanted > MOST_HELD:
        most = MOST_HELD // (width * height)
        raise DataError(f"{wanted} frames of {width} x {height} pixels are too many; take at most {most}")


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames in order of time; None for a packet that cannot be decoded."""
    error = pyav().error.FFmpegError
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except error:
            return
        if packet is None:
            return
        if packet.is_corrupt:  # its end is missing
            yield None
            continue
        try:
            yield from packet.decode()
        except error:
            yield None


def _upright(frame: Any, shape: Fraction | None) -> Any:
    """A Pillow image with square pixels, turned as the file says; raises DataError where it is too large."""
    wide = max(1, round(frame.width * shape)) if shape and shape > 0 else frame.width
    for width in (frame.width, wide):  # a stream may change its size, and a header tell of any pixel shape
        if width * frame.height > LARGEST_PIXELS:
            raise DataError(
                f"has frames of {width} x {frame.height} pixels; at most {LARGEST_PIXELS:,} are read"
            )
    picture = frame.to_image()
    if wide != picture.width:
        picture = picture.resize((wide, picture.height), _lanczos())
    rotation = getattr(frame, "rotation", 0) or 0  # degrees against the clock; PyAV has it since 14
    return picture.rotate(rotation, expand=True) if rotation % 360 else picture


def _lanczos() -> Any:
    return pillow().Image.Resampling.LANCZOS


@contextmanager
def _opened(data: bytes) -> Iterator[tuple[Any, Any]]:
    """Container and video stream; raises DataError for what FFmpeg cannot open, or without a picture."""
    library = pyav()
    try:
        container = library.open(io.BytesIO(data), mode="r", metadata_errors="ignore")
    except (library.error.FFmpegError, ValueError) as error:
        raise DataError(f"cannot be read as a video; damaged or cut short? ({_words(error)})") from None
    with container:
        streams = container.streams.video
        if not streams:
            raise DataError("has no video stream that can be read")
        stream = streams[0]
        if getattr(stream, "codec_context", None) is None:
            raise DataError("is in a video format that this FFmpeg cannot decode")
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > LARGEST_PIXELS:
            raise DataError(f"has frames of {width} x {height} pixels; at most {LARGEST_PIXELS:,} are read")
        yield container, stream


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)[:120]
