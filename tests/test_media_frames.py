"""Clips: which frames are shown, how they look, what is reported, what is refused, and what is kept."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.errors import DataError
from distill_tests.media import clip as clips
from distill_tests.media.clip import Timeline
from distill_tests.media.frames import PUBLISHED, Film, FrameRule, film, film_in, film_of_run, wanted_indices
from distill_tests.media.labels import BAR_HEIGHT, clock
from tests.made_media import animation, clip, data_file, nearest_frame, opened, pillow, pyav, turned

SEPARATE = FrameRule(layout="separate")


@pytest.fixture(scope="module")
def twelve() -> bytes:
    """Twelve frames, four a second."""
    return clip(12)


def numbers(found: Film) -> list[int]:
    """Which frames are shown, by their grey, of a film with one picture a frame."""
    return [nearest_frame(opened(image.data), (20, 20)) for image in found.images]


# --- which frames ---------------------------------------------------------------------------------


def test_centres_are_the_middles_of_equal_parts_of_the_whole_clip(twelve: bytes) -> None:
    found = film(twelve, SEPARATE)
    assert numbers(found) == [2, 6, 10]
    assert found.times_s == (0.5, 1.5, 2.5)
    assert found.labels == ("Frame 1 of 3, 0:00", "Frame 2 of 3, 0:01", "Frame 3 of 3, 0:02")
    assert (found.frames, found.undecodable, found.seconds, found.notes) == (12, 0, 3.0, ())


def test_ends_are_the_first_frame_and_the_last_one_and_between(twelve: bytes) -> None:
    found = film(twelve, FrameRule(placement="ends", layout="separate", count=4))
    assert numbers(found) == [0, 3, 7, 11]


def test_published_frames_leave_the_last_third_out_and_are_squeezed_into_one_png(twelve: bytes) -> None:
    found = film(twelve, PUBLISHED)
    (image,) = found.images
    assert image.media_type == "image/png"
    shown = opened(image.data)
    assert shown.size == (1536, 512)
    assert [nearest_frame(shown, (512 * tile + 100, 300)) for tile in range(3)] == [0, 3, 7]
    assert found.labels == ("Frame 1", "Frame 2", "Frame 3")
    bar = shown.convert("L").crop((0, 462, 1536, 512))
    assert bar.getextrema() == (0, 255), "black words on white, below"


def test_the_same_clip_and_rule_give_the_same_bytes(twelve: bytes) -> None:
    assert film(twelve) == film(twelve)


LINES = st.lists(st.integers(1, 5000), min_size=0, max_size=60).map(
    lambda gaps: tuple(sum(gaps[:end]) / 1000 for end in range(len(gaps) + 1))
)


@settings(deadline=None)
@given(LINES, st.integers(1, 32), st.sampled_from(["centres", "ends"]), st.floats(0.001, 5))
def test_frames_are_in_order_once_each_and_there(
    times: tuple[float, ...], count: int, placement: Any, last: float
) -> None:
    line = Timeline(times, times[-1] + last, ())
    found = wanted_indices(line, FrameRule(count=count, placement=placement))
    assert list(found) == sorted(set(found))
    assert 1 <= len(found) <= min(count, len(times))
    assert 0 <= found[0] <= found[-1] < len(times)
    if placement == "ends" and count > 1:
        assert (found[0], found[-1]) == (0, len(times) - 1)


@given(st.integers(1, 100_000))
def test_published_numbers_are_the_floors_of_four_even_points_without_the_last(frames: int) -> None:
    line = Timeline(tuple(map(float, range(frames))), float(frames), ())
    points = [Fraction(frames - 1) * i / 3 for i in range(4)][:-1]
    assert wanted_indices(line, PUBLISHED) == tuple(int(point) for point in points)


def test_times_decide_where_the_frame_rate_varies() -> None:
    """Ten frames in the first second, two in the nine after it: the middles are the late ones."""
    stamps = [*range(0, 1000, 100), 1000, 5000]
    found = film(clip(12, stamps=stamps, form="matroska"), FrameRule(layout="separate", count=2))
    assert numbers(found) == [10, 11]
    assert found.times_s == (1.0, 5.0)


def test_a_clip_shorter_than_the_number_of_frames_shows_each_once_and_says_so() -> None:
    found = film(clip(2), SEPARATE)
    assert numbers(found) == [0, 1]
    assert found.labels[0] == "Frame 1 of 2, 0:00"
    assert found.notes == ("2 frames are shown, not 3: the clip has no more to show",)


def test_a_single_frame_is_a_clip() -> None:
    found = film(clip(1, form="matroska"), SEPARATE)
    assert numbers(found) == [0]


def test_a_moving_gif_is_a_clip() -> None:
    pyav()
    found = film(animation("GIF", 6), FrameRule(layout="separate", count=6))
    assert (found.frames, len(found.images)) == (6, 6)


def test_a_stream_without_lengths_is_read_to_its_end() -> None:
    data = clip(12, form="mpegts", codec="mpeg2video", rate=25)
    found = film(data, SEPARATE)
    assert found.frames == 12
    assert numbers(found) == [2, 6, 10]


# --- how they look --------------------------------------------------------------------------------


def test_proportions_are_kept_and_frames_are_scaled_to_the_longest_side(twelve: bytes) -> None:
    found = film(twelve, FrameRule(layout="separate", longest_side=32))
    assert opened(found.images[0].data).size == (32, 24 + BAR_HEIGHT)


def test_small_frames_are_not_enlarged(twelve: bytes) -> None:
    assert opened(film(twelve, SEPARATE).images[0].data).size == (64, 48 + BAR_HEIGHT)


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 2, 2), (7, 3, 3)]
)
def test_a_mosaic_goes_row_by_row(twelve: bytes, count: int, columns: int, rows: int) -> None:
    found = film(twelve, FrameRule(count=count, placement="ends"))
    (image,) = found.images
    shown = opened(image.data)
    assert shown.size == (columns * 64, rows * (48 + BAR_HEIGHT))
    tiles = [
        nearest_frame(shown, (64 * (n % columns) + 20, (48 + BAR_HEIGHT) * (n // columns) + 20))
        for n in range(count)
    ]
    assert tiles == numbers(film(twelve, FrameRule(count=count, placement="ends", layout="separate")))


def test_a_label_stands_below_the_frame_and_never_on_it(twelve: bytes) -> None:
    shown = opened(film(twelve, SEPARATE).images[0].data).convert("L")
    low, high = shown.crop((0, 0, 64, 48)).getextrema()
    assert high - low <= 6, "nothing but the frame"
    assert shown.crop((0, 48, 64, 48 + BAR_HEIGHT)).getextrema()[0] < 100


def test_a_clip_that_is_to_be_shown_turned_is_turned() -> None:
    pyav()
    found = film(turned(clip(4, dark_left=True)), SEPARATE)
    shown = opened(found.images[0].data).convert("L")
    assert shown.size == (48, 64 + BAR_HEIGHT)
    assert shown.getpixel((24, 10)) < 60 < 180 < shown.getpixel((24, 54)), "clockwise: left is now above"


def test_pixels_that_are_not_square_are_made_so() -> None:
    data = clip(4, form="matroska", sample_aspect_ratio=Fraction(2, 1))
    assert opened(film(data, SEPARATE).images[0].data).size == (128, 48 + BAR_HEIGHT)


def test_a_pixel_shape_that_would_make_a_huge_picture_is_refused() -> None:
    data = clip(2, size=(640, 480), form="matroska", sample_aspect_ratio=Fraction(250, 1))
    with pytest.raises(DataError, match="has frames of 160000 x 480 pixels; at most 50,000,000 are read"):
        film(data, SEPARATE)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (2.999, "0:02"), (61.5, "1:01"), (3600, "1:00:00"), (-1, "0:00")]
)
def test_times_are_written_as_people_read_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


# --- what is damaged ------------------------------------------------------------------------------


def refusal(data: bytes) -> str:
    with pytest.raises(DataError) as caught:
        film(data)
    return str(caught.value)


def test_what_is_no_video_is_refused() -> None:
    pyav()
    assert refusal(b"no video at all").startswith("cannot be read as a video; damaged or cut short?")


def test_a_clip_cut_short_before_its_index_is_refused(twelve: bytes) -> None:
    assert refusal(twelve[: twelve.index(b"moov") - 10]).startswith(
        "cannot be read as a video; damaged or cut short?"
    )


def test_a_clip_cut_short_after_its_index_is_refused() -> None:
    data = clip(400, form="avi", codec="mjpeg")
    assert "is cut short" in refusal(data[: len(data) // 2])


def test_a_clip_with_a_length_that_is_not_there_is_refused() -> None:
    data = clip(60, form="matroska")
    assert "is cut short: its header tells of 15.0 s" in refusal(data[: len(data) // 2])


def test_a_clip_that_lacks_a_few_frames_at_its_end_is_shown_and_says_so(tmp_path: Path) -> None:
    data = clip(40, codec="mjpeg", faststart=tmp_path / "clip.mp4")
    assert data.index(b"moov") < data.index(b"mdat")
    *_, last = positions(data)
    found = film(data[:last])
    assert (found.frames, found.notes) == (39, ("1 of the 40 frames that its header tells of are missing",))
    half = film(data[: last + 100], FrameRule(placement="ends", count=2, layout="separate"))
    assert (half.frames, half.undecodable) == (40, 1)
    assert "1 of 40 frames could not be decoded" in half.notes
    assert refusal(data[: len(data) // 2]).startswith("is cut short: its header tells of 40 frames, ")


def test_a_file_with_sound_only_is_refused() -> None:
    library = pyav()
    out = io.BytesIO()
    with library.open(out, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = library.AudioFrame(format="s16", layout="mono", samples=800)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert refusal(out.getvalue()) == "has no video stream that can be read"


def positions(data: bytes) -> dict[int, int]:
    """Where the packet of each frame begins, and its size."""
    with pyav().open(io.BytesIO(data)) as container:
        packets = list(container.demux(container.streams.video[0]))
        return {packet.pos: packet.size for packet in packets if packet.size}


def broken_frames(data: bytes, *, which: set[int]) -> bytes:
    """The clip with the bytes of some frames overwritten by nothing the codec knows."""
    changed = bytearray(data)
    for number, (at, size) in enumerate(positions(data).items()):
        if number in which:
            changed[at : at + size] = b"\0" * size
    return bytes(changed)


def test_frames_that_cannot_be_decoded_are_counted_and_replaced_by_the_nearest() -> None:
    data = broken_frames(clip(12, codec="mjpeg"), which={2, 3})
    found = film(data, SEPARATE)
    assert found.undecodable == 2
    assert numbers(found) == [1, 6, 10]
    assert found.notes == (
        "2 of 12 frames could not be decoded",
        "1 of the frames shown stand for one beside them that could not be decoded",
    )
    assert found.told()["undecodable"] == 2


def test_a_clip_of_which_no_frame_can_be_decoded_is_refused() -> None:
    data = broken_frames(clip(4, codec="mjpeg"), which={0, 1, 2, 3})
    assert refusal(data) == "none of its 4 frames can be decoded (zero frames)"


def test_files_that_are_not_there_or_empty_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name, said in [("none.mp4", "there is no such file"), ("empty.mp4", "is empty (0 bytes)")]:
        with pytest.raises(DataError) as caught:
            film_in(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {said}"


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_damaged_clips_are_films_or_a_reason_never_another_error(data: Any) -> None:
    given_bytes = bytearray(TINY)
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(TINY) - 1), st.integers(0, 255)), max_size=8)
    ):
        given_bytes[at] = value
    try:
        found = film(bytes(given_bytes), FrameRule(count=2, longest_side=32))
    except DataError:
        return
    assert 1 <= len(found.labels) <= 2


TINY = clip(4, size=(32, 32))


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 33},
        {"placement": "middle"},
        {"layout": "film"},
        {"longest_side": 8},
        {"placement": "published", "count": 4},
        {"placement": "published", "layout": "separate"},
    ],
)
def test_rules_that_cannot_be_are_refused_in_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        FrameRule(**wrong)


# --- what is kept ---------------------------------------------------------------------------------


def test_a_film_is_kept_and_found_again_without_decoding(twelve: bytes, tmp_path: Path) -> None:
    made = film(twelve, cache=tmp_path)
    assert film(twelve, cache=tmp_path) == made == film(twelve)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    film(twelve, cache=tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".png"]


def test_two_clips_of_one_name_and_two_rules_never_meet(twelve: bytes, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "clip.mp4" for folder in ("a", "b")]
    for path, data in zip(paths, (twelve, clip(6)), strict=True):
        path.parent.mkdir()
        path.write_bytes(data)
    kept = tmp_path / "kept"
    first, second = (film_in(path, cache=kept) for path in paths)
    third = film_in(paths[0], FrameRule(count=2), cache=kept)
    assert (first.frames, second.frames) == (12, 6)
    assert len({first.images, second.images, third.images}) == 3
    assert film_in(paths[1], cache=kept) == second


def test_a_clip_that_changed_under_its_name_is_another(twelve: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(twelve)
    assert film_in(path, cache=tmp_path).frames == 12
    path.write_bytes(clip(6))
    assert film_in(path, cache=tmp_path).frames == 6


def test_what_was_damaged_in_the_folder_is_made_anew(twelve: bytes, tmp_path: Path) -> None:
    made = film(twelve, cache=tmp_path)
    (picture,) = tmp_path.glob("*.png")
    picture.write_bytes(b"something else")
    assert film(twelve, cache=tmp_path) == made
    (manifest,) = tmp_path.glob("*.json")
    for broken in ("{}", "[" * 200_000, '{"files": [1], "told": []}', '{"files": [], "told": 1}', "\0"):
        manifest.write_text(broken)
        assert film(twelve, cache=tmp_path) == made


def test_a_folder_that_cannot_be_written_is_named(twelve: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot keep frames in"):
        film(twelve, cache=tmp_path / "file")


def test_the_shared_clip_is_shown_to_its_end() -> None:
    pyav(), pillow()
    found = film_in(data_file("video1.mp4"))
    assert (found.frames, found.undecodable, round(found.seconds, 2)) == (217, 0, 8.68)
    assert found.labels == ("Frame 1 of 3, 0:01", "Frame 2 of 3, 0:04", "Frame 3 of 3, 0:07")
    published = film_in(data_file("video1.mp4"), PUBLISHED)
    assert published.times_s == (0.0, 2.88, 5.76)
    assert opened(published.images[0].data).size == (1536, 512)


def test_more_large_frames_than_can_be_held_are_refused_in_words(
    twelve: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "MOST_HELD", 10_000)
    with pytest.raises(DataError, match=r"4 frames of \d+ x \d+ pixels are too many; take at most \d"):
        film(twelve, FrameRule(count=4, layout="separate"))


def test_frames_are_kept_where_a_run_has_its_state_and_nowhere_else(tmp_path: Path, twelve: bytes) -> None:
    path = tmp_path / "ball.mp4"
    path.write_bytes(twelve)
    folders = (tmp_path / "elsewhere", tmp_path)
    made = film_of_run(path, folders=folders)
    assert [one.name for one in tmp_path.iterdir()] == ["ball.mp4"]
    (tmp_path / ".distill-tests").mkdir()
    assert film_of_run(path, folders=folders) == made == film_of_run(path, folders=folders)
    assert len(list((tmp_path / ".distill-tests/frames").glob("*.png"))) == 1


def test_a_state_that_cannot_be_written_costs_no_clip(tmp_path: Path, twelve: bytes) -> None:
    path = tmp_path / "ball.mp4"
    path.write_bytes(twelve)
    (tmp_path / ".distill-tests").mkdir()
    (tmp_path / ".distill-tests/frames").write_text("in the way", encoding="utf-8")
    assert film_of_run(path, folders=(tmp_path,)) == film(twelve)
