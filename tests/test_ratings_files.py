"""Rated captions from files: what is read, and every entry that cannot be used, by file and id, at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import DataError
from distill_tests.ratings.formats import Format, read_ratings
from distill_tests.ratings.items import Found


def read(tmp_path: Path, form: Format, data: Any, **options: Any) -> Found:
    path = tmp_path / "rated.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data, indent=1), encoding="utf-8")
    return read_ratings(path, format=form, named="rated.json", **options)


def lines(tmp_path: Path, *rows: Mapping[str, Any], **options: Any) -> Found:
    return read(tmp_path, "jsonl", "".join(json.dumps(row) + "\n" for row in rows), **options)


def problems(found: Found) -> list[str]:
    return [str(problem) for problem in found.problems]


# --- MSVD-Eval ------------------------------------------------------------------------------------


def clip(**given: Any) -> dict[str, Any]:
    told = {
        "vname": "AbC_x-1_10_20.avi",
        "ref": ["a cat sits on a mat", "a cat rests"],
        "candidate": "A cat is on a mat.",
        "human_score": [[4, 3, 5, 4, 4.0], [5, 3, 4, 4, 4.0]],
    }
    return {**told, **given}


def test_a_clip_of_msvd_eval_has_four_dimensions_their_average_and_the_video_it_is_cut_from(
    tmp_path: Path,
) -> None:
    found = read(tmp_path, "msvd-eval", {"vid1": clip(), "vid2": clip(vname="AbC_x-1_30_40.avi")})
    one, other = found.items
    assert one.ratings["accuracy"] == (4.0, 5.0)
    assert one.ratings["average"] == (4.0, 4.0)
    assert (one.id, one.clip, other.clip, one.video) == ("vid1", "AbC_x-1", "AbC_x-1", None)
    assert one.references == ("a cat sits on a mat", "a cat rests")
    assert (one.place.line, other.place.line > one.place.line) == (2, True)


def test_every_bad_clip_of_msvd_eval_is_named(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "msvd-eval",
        {
            "a": clip(human_score=[[4, 3, 5, 4, 3.5]]),
            "b": clip(human_score=[[4, 3, 6, 4, 4.25]]),
            "c": clip(candidate=None),
            "d": clip(human_score=[]),
            "e": [],
            "f": clip(ref="a cat"),
            "g": clip(human_score=[[4, 3, 5, 4]]),
            "fine": clip(),
        },
    )
    told = problems(found)
    assert [item.id for item in found.items] == ["fine"]
    assert len(told) == 7
    assert "'a': rating 1: the last number is the mean of the others, 4 (got 3.5)" in told[0]
    assert "'b': a rating is from 1 to 5 (got 6)" in told[1]
    assert "'c': 'candidate' is text (got nothing)" in told[2]
    assert all(text.startswith("rated.json:") for text in told)


def test_clips_are_shown_only_where_their_folder_is_given(tmp_path: Path) -> None:
    [item] = read(tmp_path, "msvd-eval", {"v": clip()}, images=tmp_path / "clips").items
    assert item.video == str(tmp_path / "clips" / "AbC_x-1_10_20.avi")


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"a": 1, "a": 2}', "[" * 100_000])
def test_a_file_that_is_no_object_of_clips_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"rated\.json:\d+:\d+: "):
        read(tmp_path, "msvd-eval", text)


# --- Flickr8k -------------------------------------------------------------------------------------


def judged(caption: str, *ratings: float) -> list[dict[str, Any]]:
    return [{"caption": caption, "rating": rating} for rating in ratings]


def picture(*entries: dict[str, Any], **given: Any) -> dict[str, Any]:
    told = {
        "image_path": "p.jpg",
        "ground_truth": ["a  dog runs", "a dog"],
        "human_judgement": list(entries),
    }
    return {**told, **given}


def test_three_experts_ratings_are_one_item_so_that_either_protocol_can_be_taken(tmp_path: Path) -> None:
    entries = [*judged("A dog  runs .", 4, 3, 3), *judged("A cat .", 1, 1, 2)]
    found = read(tmp_path, "flickr8k-expert", {"p1": picture(*entries)})
    assert [(item.id, item.caption, item.clip) for item in found.items] == [
        ("p1.1", "A dog runs .", "p1"),
        ("p1.2", "A cat .", "p1"),
    ]
    assert found.items[0].ratings == {"overall": (4.0, 3.0, 3.0)}
    assert found.items[0].references == ("a dog runs", "a dog")
    assert found.items[0].image == str(tmp_path / "p.jpg")


def test_experts_ratings_that_do_not_come_in_threes_are_named(tmp_path: Path) -> None:
    mixed = [*judged("A dog .", 4, 3), *judged("A cat .", 1)]
    found = read(
        tmp_path,
        "flickr8k-expert",
        {
            "p1": picture(*judged("A dog .", 4, 3)),
            "p2": picture(*mixed, *judged("A cow .", 1, 1, 1)),
            "p3": picture(*judged("A dog .", 5, 3, 3)),
        },
    )
    told = problems(found)
    assert [item.id for item in found.items] == ["p2.2"]
    assert "'p1': 3 ratings belong to each caption, and there are 2" in told[0]
    assert "'p2', rating 1: 3 ratings in a row are of one caption, and these are of 2" in told[1]
    assert "'p3', rating 1: a rating is from 1 to 4 (got 5)" in told[2]


def test_each_rating_of_the_crowd_is_an_item_and_nan_is_left_out_and_counted(tmp_path: Path) -> None:
    entries = [*judged("A dog .", 0.5), *judged("A cat .", float("nan")), *judged("A cow .", 1.5)]
    found = read(tmp_path, "flickr8k-cf", {"p1": picture(*entries)})
    assert [item.ratings["overall"] for item in found.items] == [(0.5,)]
    assert dict(found.left_out) == {"a rating is NaN": 1}
    assert "rating 3: a rating is from 0 to 1 (got 1.5)" in problems(found)[0]


@pytest.mark.parametrize(
    "written",
    ["../p.jpg", "/etc/passwd", "C:\\p.jpg", "a\\..\\..\\p.jpg", "http://x/p.jpg", "a\0b", "", " ", 3],
)
def test_a_path_that_leaves_the_folder_of_images_is_refused(tmp_path: Path, written: object) -> None:
    found = read(
        tmp_path, "flickr8k-expert", {"p1": picture(*judged("A dog .", 4, 3, 3), image_path=written)}
    )
    assert found.items == []
    assert len(found.problems) == 1


def test_a_link_that_leads_out_of_the_folder_of_images_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "p.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    found = read(tmp_path, "flickr8k-expert", {"p1": picture(*judged("A dog .", 4, 3, 3))}, images=folder)
    assert found.items == []
    assert "is not below the folder of images" in problems(found)[0]


def test_links_in_a_circle_are_no_crash(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").symlink_to("p.jpg")
    found = read(tmp_path, "flickr8k-expert", {"p1": picture(*judged("A dog .", 4, 3, 3))})
    assert len(found.items) + len(found.problems) == 1


def test_paths_written_on_windows_are_read(tmp_path: Path) -> None:
    entry = picture(*judged("A dog .", 4, 3, 3), image_path="images\\p.jpg")
    [item] = read(tmp_path, "flickr8k-expert", {"p1": entry}).items
    assert item.image == str(tmp_path / "images" / "p.jpg")


# --- FOIL -----------------------------------------------------------------------------------------


def foiled(name: int, caption: str, *, foil: bool, picture: int = 7) -> dict[str, Any]:
    return {"id": name, "image_id": picture, "caption": caption, "foil": foil}


def foils(tmp_path: Path, annotations: list[Any], **options: Any) -> Found:
    captions = tmp_path / "coco.json"
    told = [
        {"id": 1, "image_id": 7, "caption": "A dog sits."},
        {"id": 2, "image_id": 7, "caption": "A dog on grass."},
        {"id": 3, "image_id": 7, "caption": "Grass and a dog."},
    ]
    captions.write_text(json.dumps({"annotations": told}), encoding="utf-8")
    data = {"images": [{"id": 7, "file_name": "seven.jpg"}], "annotations": annotations}
    return read(tmp_path, "foil", data, captions=captions, **options)


def test_a_foil_stands_beside_its_original_and_references_are_all_other_captions(tmp_path: Path) -> None:
    found = foils(tmp_path, [foiled(1, "A cat sits.", foil=True), foiled(1, "A dog sits.", foil=False)])
    good, bad = found.items
    assert (good.caption, bad.caption) == ("A dog sits.", "A cat sits.")
    assert good.references == bad.references == ("A dog on grass.", "Grass and a dog.")
    assert good.pair is not None
    assert bad.pair is not None
    assert (good.pair.is_better, bad.pair.is_better, good.pair.name) == (True, False, bad.pair.name)
    assert good.clip == bad.clip == "7"
    assert good.image is None


def test_an_original_stands_once_however_many_foils_it_has(tmp_path: Path) -> None:
    parts = [foiled(1, "A dog sits.", foil=False)]
    parts += [foiled(1, f"A {word} sits.", foil=True) for word in ("cat", "cow")]
    found = foils(tmp_path, parts, images=tmp_path / "pictures")
    assert [item.id for item in found.items] == ["1.original", "1.foil-1", "1.foil-2"]
    assert found.items[0].image == str(tmp_path / "pictures" / "seven.jpg")


def test_a_pair_with_a_missing_part_is_left_out_as_a_whole_and_named(tmp_path: Path) -> None:
    found = foils(
        tmp_path,
        [
            foiled(1, "A dog sits.", foil=False),
            foiled(2, "A dog sits.", foil=False),
            foiled(2, "A cat sits.", foil=True, picture=8),
            foiled(3, "A dog sits.", foil=False, picture=9),
            foiled(3, "A cat sits.", foil=True, picture=9),
            {"caption": "no id"},
        ],
    )
    assert found.items == []
    told = " | ".join(problems(found))
    assert "annotation 1: a pair is one original and its foils (got 1 and 0)" in told
    assert "annotation 2: the original and its foils are of different pictures" in told
    assert "annotation 3: no caption of picture 9 but the original is in the COCO file" in told
    assert "annotation 5: must be an object with id" in told


# --- JSON lines -----------------------------------------------------------------------------------


def row(number: int, **given: Any) -> dict[str, Any]:
    told = {"id": f"r{number}", "caption": f"A cat, {number}.", "references": ["a cat"], "ratings": [3, 4]}
    return {**told, **given}


def test_a_row_has_one_list_of_ratings_or_one_for_each_dimension(tmp_path: Path) -> None:
    several = {"accuracy": [1, 2], "style": [3, None]}
    found = lines(tmp_path, row(1, cluster="v1"), row(2, ratings=several), row(3, image="a/b.png"))
    one, two, three = found.items
    assert (one.ratings, one.clip) == ({"overall": (3.0, 4.0)}, "v1")
    assert two.ratings["average"] == (2.0, None)
    assert (two.clip, three.clip, three.image) == ("item-r2", "a/b.png", str(tmp_path / "a" / "b.png"))
    assert [item.place.line for item in found.items] == [1, 2, 3]


def test_every_bad_row_is_named_with_its_line(tmp_path: Path) -> None:
    bad: list[dict[str, Any]] = [
        row(1, ratings=[3, 9]),
        row(2, ratings=["3"]),
        row(3, ratings=[True]),
        row(4, ratings={"a": [1], "b": [1, 2]}),
        row(5, ratings=[None]),
        row(6, references="a cat"),
        row(7, rating=[3]),
        row(8, pair="p"),
        row(9, image="a.png", video="a.mp4"),
        row(10, caption=None),
        row(1),
        {"caption": "A cat.", "ratings": [1]},
    ]
    found = lines(tmp_path, *bad, scale=(1.0, 5.0))
    assert found.items == []
    assert [problem.place.line for problem in found.problems] == list(range(1, 13))
    told = problems(found)
    assert "a rating is from 1 to 5 (got 9)" in told[0]
    assert "every dimension has as many ratings (got a 1, b 2)" in told[3]
    assert "unknown key 'rating'; known: id, caption" in told[6]
    assert "id 'r1' was already used on line 1" in told[10]


def test_an_empty_caption_is_no_bad_row_because_a_model_may_have_written_it(tmp_path: Path) -> None:
    assert lines(tmp_path, row(1, caption="")).problems == []


def test_a_pair_lacking_a_part_or_standing_on_two_clips_is_named(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        {"id": "a", "caption": "x", "pair": "p", "better": True},
        {"id": "b", "caption": "y", "pair": "q", "better": True, "cluster": "one"},
        {"id": "c", "caption": "z", "pair": "q", "better": False, "cluster": "two"},
        {"id": "d", "caption": "u", "pair": "fine", "better": True},
        {"id": "e", "caption": "v", "pair": "fine", "better": False},
    )
    assert [item.id for item in found.items] == ["d", "e"]
    assert found.items[0].clip == found.items[1].clip
    told = problems(found)
    assert "pair 'p' has 1 better and 0 other captions" in told[0]
    assert "pair 'q' stands in several clusters" in told[1]
