"""Pictures: what they are by their content, upright, of a bounded size; and what is refused, in words."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.errors import DataError, MissingExtra
from distill_tests.media import images
from distill_tests.media.frames import film
from distill_tests.media.images import picture, picture_in, scaled_size
from distill_tests.mediatypes import media_type_of
from tests.made_media import animation, data_file, image_bytes, opened, pillow

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


@pytest.mark.parametrize(("kind", "expected"), KINDS.items())
def test_a_picture_that_is_upright_and_small_is_sent_as_the_very_bytes(kind: str, expected: str) -> None:
    data = image_bytes(kind)
    found = picture(data)
    assert (found.image.media_type, found.image.data) == (expected, data)
    assert (found.width, found.height, found.notes) == (60, 40, ())


def test_a_gif_named_jpg_is_a_gif(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(image_bytes("GIF"))
    assert picture_in(path).image.media_type == "image/gif"


@pytest.mark.parametrize(("kind", "expected"), KINDS.items())
def test_a_larger_picture_is_scaled_to_its_longest_side_and_its_type_fits_its_bytes(
    kind: str, expected: str
) -> None:
    found = picture(image_bytes(kind, (90, 30)), longest_side=45)
    assert (found.width, found.height) == (45, 15)
    assert found.notes == ("scaled down from 90 x 30 to 45 x 15",)
    assert found.image.media_type == media_type_of(found.image.data)
    assert found.image.media_type == ("image/jpeg" if kind == "JPEG" else "image/png")
    assert opened(found.image.data).size == (45, 15)


def test_scaling_the_same_picture_gives_the_same_bytes() -> None:
    data = image_bytes("JPEG", (90, 30))
    assert picture(data, longest_side=45) == picture(data, longest_side=45)


@settings(deadline=None)
@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(32, 4096))
def test_scaling_keeps_proportions_and_never_enlarges(width: int, height: int, longest: int) -> None:
    new = scaled_size(width, height, longest_side=longest)
    assert max(new) <= max(longest, 1)
    assert new[0] <= width
    assert new[1] <= height
    assert min(new) >= 1
    if max(width, height) > longest:
        assert max(new) == longest
        assert abs(new[0] - width * longest / max(width, height)) <= 0.5 or new[0] == 1
        assert abs(new[1] - height * longest / max(width, height)) <= 0.5 or new[1] == 1
    else:
        assert new == (width, height)


# EXIF orientation: where the red left half is after turning the picture as it says
@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [(1, (60, 40), (5, 20)), (3, (60, 40), (55, 20)), (6, (40, 60), (20, 5)), (8, (40, 60), (20, 55))],
)
def test_a_picture_is_sent_upright_as_its_exif_orientation_says(
    orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    exif = pillow().Exif()
    exif[274] = orientation
    found = picture(image_bytes("JPEG", exif=exif))
    shown = opened(found.image.data).convert("RGB")
    assert shown.size == size == (found.width, found.height)
    red, _, blue = shown.getpixel(red_at)
    assert red > blue
    assert shown.getexif().get(274, 1) == 1, "nobody turns it a second time"
    assert found.notes == (() if orientation == 1 else ("turned as its EXIF orientation says",))


def test_a_transparent_ground_becomes_white_where_a_picture_is_written_anew() -> None:
    out = io.BytesIO()
    pillow().new("RGBA", (90, 90), (0, 0, 0, 0)).save(out, "PNG")
    shown = opened(picture(out.getvalue(), longest_side=45).image.data)
    assert shown.convert("RGB").getpixel((10, 10)) == (255, 255, 255)


def test_16_bits_of_grey_are_not_clipped_to_white() -> None:
    out = io.BytesIO()
    pillow().new("I;16", (90, 90), 32768).save(out, "PNG")
    shown = opened(picture(out.getvalue(), longest_side=45).image.data)
    assert 120 <= shown.convert("L").getpixel((10, 10)) <= 136


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_every_mode_can_be_written_anew(mode: str) -> None:
    data = image_bytes("JPEG" if mode == "CMYK" else "PNG", (90, 30), mode=mode)
    assert picture(data, longest_side=45).width == 45


# --- refusals -------------------------------------------------------------------------------------


def refusal(data: bytes) -> str:
    with pytest.raises(DataError) as caught:
        picture(data)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_is_refused_and_told_to_be_a_video(kind: str) -> None:
    said = refusal(animation(kind))
    assert said == "moves (3 frames); give it as a video, or save one frame as an image"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_short_is_refused(kind: str) -> None:
    data = image_bytes(kind, (300, 300))
    said = refusal(data[: len(data) // 2])
    assert said.startswith(f"is a damaged or truncated {KINDS[kind]}: ")


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_of_100_megapixels_is_refused_before_it_is_decoded(monkeypatch: Any) -> None:
    monkeypatch.setattr(pillow().Image, "load", lambda self: pytest.fail("it was decoded"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow's own one would stand in every report
        said = refusal(png_header(10_000, 10_000))
    assert said == "has 10000 x 10000 = 100,000,000 pixels; an image has at most 50,000,000"


def test_a_decompression_bomb_is_refused_in_words() -> None:
    assert refusal(png_header(60_000, 60_000)) == (
        "has 60000 x 60000 = 3,600,000,000 pixels; an image has at most 50,000,000"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no JPEG, PNG, WebP or GIF (begins with the bytes of nothing)"),
        (b"hello there", "is no JPEG, PNG, WebP or GIF (begins with the bytes 68 65 6c 6c 6f 20 74 68)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no JPEG, PNG, WebP or GIF"),
        (b"\xff\xd8\xff\xe0 and nothing more", "is a damaged or truncated image/jpeg"),
        (b"GIF89a", "is a damaged or truncated image/gif"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, said: str) -> None:
    pillow()
    assert refusal(data).startswith(said)


def test_too_many_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(images.LARGEST_BYTES + 1)
    with pytest.raises(DataError, match="has 20,000,001 bytes; an image has at most 20,000,000"):
        picture_in(path)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    for path, said in [
        (tmp_path / "none.png", "there is no such file"),
        (tmp_path, "is not a file"),
        (tmp_path / "a\0b", ""),
    ]:
        with pytest.raises(DataError) as caught:
            picture_in(path)
        assert str(caught.value).startswith(f"{path}: {said}")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"empty\.jpg: is empty \(0 bytes\)"):
        picture_in(tmp_path / "empty.jpg")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_bytes_are_a_picture_or_a_reason_never_another_error(data: Any) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    given_bytes = bytearray(image_bytes(kind, (20, 20)))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(given_bytes) - 1), st.integers(0, 255)))
    ):
        given_bytes[at] = value
    try:
        found = picture(bytes(given_bytes))
    except DataError:
        return
    assert found.image.media_type == media_type_of(found.image.data)


def test_without_pillow_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match=r"reading images needs pillow\. .*distill-tests\[vision\]"):
        picture(b"\x89PNG\r\n\x1a\n")


def test_without_pyav_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"reading videos needs av\. .*distill-tests\[vision\]"):
        film(b"any")


def test_neither_library_is_loaded_before_a_file_is_opened() -> None:
    code = (
        "import sys; from distill_tests.registry import judges; judges.get('expected_score').declared({});"
        "sys.exit(', '.join({'PIL', 'av', 'numpy'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_shared_photo_is_a_jpeg_sent_as_it_is() -> None:
    pillow()
    path = data_file("sample_image.jpg")
    found = picture_in(path)
    assert found.image.data == path.read_bytes()
    assert (found.image.media_type, found.width, found.height) == ("image/jpeg", 400, 317)
