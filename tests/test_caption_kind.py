"""The caption kind: its items, what the target and the judge are shown, what is unscored, what people see."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import struct
import wave
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill_tests import specfile
from distill_tests.errors import EmptyReply, NotForTarget, ProviderError, SpecError
from distill_tests.judging import judging
from distill_tests.registry import Kind, judge, kinds
from distill_tests.types import (
    Case,
    Exhibit,
    Model,
    Outcome,
    Reply,
    Request,
    Score,
    Spec,
    Trial,
    Verdict,
)
from tests.made_media import animation, clip, image_bytes, opened, pyav

TARGET = Model(alias="lens", provider="scripted", model="lens-1")
OTHER = Model(alias="prism", provider="scripted", model="prism-1")
BLIND = Model(alias="blind", provider="scripted", model="blind-1", sees_images=False)
JUDGE = Model(alias="critic", provider="scripted", model="critic-1")
TEXT = Model(alias="text", provider="local", model="text-1")
TAPE = Model(alias="tape", provider="recorded", model="tape-1")
CARDS = {model.alias: model for model in (TARGET, OTHER, JUDGE, TEXT, TAPE)}
ITEMS = "items: {json: items.json}\n"
HEAD = "kind: caption\ntitle: Captions\ntargets: [lens]\n"
BLEND = HEAD + ITEMS + "judge: blend\n"
EXPECTED = HEAD + ITEMS + "judge: {name: expected_score, model: critic}\n"
REFERENCES = ["a man walks a dog", "a dog is walked by a man", "somebody walks a dog"]
DOG = {"id": "dog", "caption": "A man walks his dog.", "references": REFERENCES}
ROWS: list[dict[str, Any]] = [
    {**DOG, "image": "dog.png"},
    {"id": "cat", "caption": "A cat sleeps on a bed.", "references": ["a cat sleeps"], "clip": "home"},
    {
        "id": 7,
        "caption": "一只猫在睡觉。",
        "references": ["猫在睡觉"],
        "clip": "home",
        "tags": ["unmeasured"],
    },
]


@judge("one-to-five", scale=(1, 5), marks={"clear": (1, 5)})
def one_to_five(_exhibit: Exhibit) -> Score:
    return Score(value=2.0, label="2", marks={"clear": 5.0})


@judge("beyond", scale=(0, 100))
def beyond(_exhibit: Exhibit) -> Score:
    return Score(value=180.0, label="180")


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Spec]:
    def loaded(body: str = BLEND, *, rows: Sequence[object] = ROWS, name: str = "items.json") -> Spec:
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        text = f"[\n{lines}\n]\n" if name.endswith("json") else lines.replace("},\n{", "}\n{")
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "spec.yaml").write_text(body, encoding="utf-8")
        return specfile.load(tmp_path / "spec.yaml", CARDS, environ={})

    return loaded


def entry() -> Kind:
    return kinds.get("caption").kind


def by_id(spec: Spec, target: Model = TARGET) -> dict[str, Case]:
    return {case.id: case for case in entry().cases(spec, target)}


@dataclass
class Asked:
    """Says ``says`` to everything; remembers what it was asked."""

    says: Reply | str = "A man walks a dog.\n"
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.says if isinstance(self.says, Reply) else Reply(text=self.says, finish="stop")


@dataclass
class Judged:
    """A judge that remembers what it was shown."""

    exhibits: list[Exhibit] = field(default_factory=list)

    async def __call__(self, exhibit: Exhibit) -> Score:
        self.exhibits.append(exhibit)
        return Score(value=80.0, label="scored", reason="it fits", judge="toy")


def conducted(
    spec: Spec,
    case: str = "dog",
    ask: Asked | None = None,
    judged: Judged | None = None,
    *,
    target: Model = TARGET,
) -> Trial:
    found = by_id(spec, TARGET)[case]
    conduct = entry().conduct(found, spec, target, sample=0, ask=ask or Asked(), judge=judged or Judged())
    return asyncio.run(conduct)


def told(trial: Trial) -> Mapping[str, Any]:
    found = trial.score.details["caption"]
    assert isinstance(found, Mapping)
    return found


def metrics(trial: Trial) -> Mapping[str, Any]:
    found = trial.score.details["metrics"]
    assert isinstance(found, Mapping)
    return found


def problems(found: pytest.ExceptionInfo[SpecError]) -> list[str]:
    return [str(problem).rpartition("/")[2] for problem in found.value.problems]


# --- the declared set ---------------------------------------------------------------------------


def test_items_are_cases_with_clip_language_and_tags(load: Callable[..., Spec]) -> None:
    cases = by_id(load())
    assert set(cases) == {"dog", "cat", "7"}
    assert cases["dog"].clusters == {"clip": "dog.png"}
    assert cases["cat"].clusters == cases["7"].clusters == {"clip": "home"}
    assert (cases["7"].groups["language"], cases["7"].tags) == ("zh", ("unmeasured", "zh"))
    assert cases["dog"].groups == {"language": "en", "medium": "image"}
    assert str(cases["cat"].place).endswith("items.json:3:1")


def test_json_lines_give_the_same_set_as_a_list(load: Callable[..., Spec]) -> None:
    as_list = by_id(load())
    lines = by_id(load(BLEND.replace("json: items.json", "jsonl: items.jsonl"), name="items.jsonl"))
    assert list(lines) == list(as_list)
    assert {case.data.set_hash for case in lines.values()} == {
        case.data.set_hash for case in as_list.values()
    }


def test_the_set_is_the_same_with_other_captions_and_another_with_other_references(
    load: Callable[..., Spec],
) -> None:
    def digest(rows: Sequence[Mapping[str, Any]]) -> str:
        hashes = {case.data.set_hash for case in by_id(load(rows=rows)).values()}
        assert len(hashes) == 1
        return str(hashes.pop())

    assert digest([{**DOG, "caption": "Something else."}]) == digest([DOG])
    assert digest([{**DOG, "references": ["a cat"]}]) != digest([DOG])


def test_the_set_is_another_with_other_bytes_of_an_image_that_is_shown(
    load: Callable[..., Spec], tmp_path: Path
) -> None:
    def digest(extra: str) -> str:
        spec = load(EXPECTED + extra, rows=[{**DOG, "image": "dog.png"}])
        return str(by_id(spec)["dog"].data.set_hash)

    file = tmp_path / "dog.png"
    found: dict[str, list[str]] = {"evidence: visual\n": [], "evidence: references\n": []}
    for extra, digests in found.items():
        for data in (None, b"abcd", b"abce"):
            file.unlink(missing_ok=True) if data is None else file.write_bytes(data)
            digests.append(digest(extra))
    shown, by_references = found.values()
    assert len(set(shown)) == 3
    assert len(set(by_references)) == 1


def test_cider_of_a_caption_does_not_depend_on_whose_the_others_are(load: Callable[..., Spec]) -> None:
    far = {"id": "far", "caption": "Rain.", "references": ["rain falls on a roof"]}
    judged = conducted(load(rows=[DOG, far]), "dog")
    other = conducted(load(rows=[DOG, {**far, "caption": "A man walks a dog."}]), "dog")
    assert metrics(judged)["cider_d"] == metrics(other)["cider_d"] > 1


def test_a_sample_is_drawn_by_its_seed(load: Callable[..., Spec]) -> None:
    rows = [{"id": f"i{n}", "caption": "a", "references": ["b"]} for n in range(20)]
    one = list(by_id(load(BLEND + "sample: {size: 5, seed: 1}\n", rows=rows)))
    other = list(by_id(load(BLEND + "sample: {size: 5, seed: 2}\n", rows=rows)))
    assert len(one) == len(other) == 5
    assert one != other
    assert one == list(by_id(load(BLEND + "sample: {size: 5, seed: 1}\n", rows=list(reversed(rows)))))


def test_ids_that_cannot_be_names_are_told_apart(load: Callable[..., Spec]) -> None:
    rows = [{"id": name, "caption": "a", "references": ["b"]} for name in ("a/b", "a:b", "猫")]
    names = list(by_id(load(rows=rows)))
    assert len(set(names)) == 3
    assert not any(set("[]:/") & set(name) for name in names)


BAD_ROWS: dict[str, tuple[object, str]] = {
    "no id": ({"caption": "a"}, "id is missing; a text or a whole number"),
    "a true id": ({"id": True, "caption": "a"}, "id is a truth value; a text or a whole number"),
    "an id of blanks": ({"id": " ", "caption": "a"}, "id is a text; a text or a whole number"),
    "a caption that is no text": ({"id": "x", "caption": 3}, "item 'x': caption is a number; a text"),
    "no caption": ({"id": "x"}, "item 'x': there is no caption; caption: TEXT"),
    "two sorts of captions": (
        {"id": "x", "caption": "a", "captions": {"lens": "b"}},
        "item 'x': caption and captions stand both",
    ),
    "captions in a list": ({"id": "x", "captions": ["a"]}, "item 'x': captions is no object of texts"),
    "references that are a text": (
        {"id": "x", "caption": "a", "references": "b"},
        "item 'x': references is a text; a list of texts",
    ),
    "references with a number": (
        {"id": "x", "caption": "a", "references": ["b", 1]},
        "item 'x': references is a list with something that is no text",
    ),
    "an image and a video": (
        {"id": "x", "caption": "a", "image": "a.png", "video": "a.mp4"},
        "item 'x': image and video stand both; one of them",
    ),
    "an absolute path": ({"id": "x", "caption": "a", "image": "/etc/passwd"}, "lies outside of the folder"),
    "a path outside": ({"id": "x", "caption": "a", "video": "../v.mp4"}, "lies outside of the folder"),
    "an address": (
        {"id": "x", "caption": "a", "image": "https://e.org/a.png"},
        "item 'x': image 'https://e.org/a.png' is no path of a file; a path below",
    ),
    "a NUL in a path": ({"id": "x", "caption": "a", "image": "a\0.png"}, "image 'a\\x00.png'"),
    "an empty path": ({"id": "x", "caption": "a", "image": ""}, "item 'x': image is an empty text"),
    "a language that is none": (
        {"id": "x", "caption": "a", "language": "English!"},
        "item 'x': language is 'English!'; a code such as en or zh",
    ),
    "a clip that is a list": ({"id": "x", "caption": "a", "clip": []}, "item 'x': clip is a list"),
    "an id that stands twice": ({**DOG}, "item 'dog': id 'dog' stands twice; the first is on line 2"),
    "no object": (["x"], "a row is an object, this is a list"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_row_that_cannot_be_used_is_named_by_its_line(load: Callable[..., Spec], name: str) -> None:
    row, message = BAD_ROWS[name]
    with pytest.raises(SpecError) as found:
        by_id(load(rows=[DOG, row]))
    (problem,) = found.value.problems
    assert str(problem.place).endswith("/items.json:3:1")
    assert message in str(found.value)


def test_all_bad_rows_come_at_once(load: Callable[..., Spec]) -> None:
    with pytest.raises(SpecError) as found:
        by_id(load(rows=[{"id": 1}, DOG, {"caption": 2, "image": 3}]))
    places = [problem.partition(": ")[0] for problem in problems(found)]
    assert places == ["items.json:2:1", *["items.json:4:1"] * 3]


# --- what a spec cannot say ---------------------------------------------------------------------

WRONG: dict[str, tuple[str, Sequence[Mapping[str, Any]], str]] = {
    "no such file": (BLEND.replace("items.json", "item.json"), ROWS, "did you mean 'items.json'?"),
    "no items": (BLEND, [], "holds no items"),
    "no references at all": (
        BLEND,
        [{"id": 1, "caption": "a"}],
        "spec.yaml:4:15: evidence: references needs references, and no item has one",
    ),
    "no images at all": (
        EXPECTED + "evidence: visual\n",
        [DOG],
        "spec.yaml:4:15: evidence: visual needs images or videos, and no item has one",
    ),
    "a sample that is too large": (BLEND + "sample: {size: 4}\n", ROWS, "(got 4); at most 3"),
    "canaries": (
        BLEND + "canaries: {items: [{id: c, answer: Hi., expect: {value: 1}}]}\n",
        ROWS,
        "a canary is an answer alone",
    ),
    "repeats": (BLEND + "repeats: 2\n", ROWS, "captions of a file are there once (got 2)"),
    "sampling": (BLEND + "sampling: {max_tokens: 9}\n", ROWS, "the captions are from a file"),
    "a gate on a dimension": (
        EXPECTED + "gates: {mean_accuracy: {at_least: 1}}\n",
        ROWS,
        "gate 'mean_accuracy' is about accuracy, which judge 'expected_score' does not rate here; scale: ",
    ),
    "another kind's statistic": (
        EXPECTED + "gates: {mean_overall: {at_least: 1}}\n",
        ROWS,
        "mean_overall is about likeness; mean_score",
    ),
    "a judge model that cannot see": (
        EXPECTED.replace("critic", "text") + "evidence: visual\n",
        ROWS,
        "spec.yaml:5:38: 'text' is asked in text only (provider local) and cannot judge by images",
    ),
    "an unknown language": (
        BLEND + "gates: {mean_score: {at_least: 1, language: fr}}\n",
        ROWS,
        "no item is in the language 'fr'; there are: en, zh",
    ),
    "a plain caption of several": (
        BLEND.replace("[lens]", "[lens, prism]"),
        ROWS,
        "do not say which of several targets wrote it",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_audited_is_said_at_its_place(load: Callable[..., Spec], name: str) -> None:
    body, rows, message = WRONG[name]
    with pytest.raises(SpecError) as found:
        by_id(load(body, rows=rows))
    assert len(found.value.problems) == 1
    assert message in str(found.value)


CONTRADICTIONS: dict[str, tuple[str, str]] = {
    "evidence twice": (
        HEAD + ITEMS + "judge: {name: expected_score, model: critic, evidence: both}\nevidence: visual\n",
        "spec.yaml:5:56: the judge's evidence is 'both', and the spec's evidence is 'visual'; say it once",
    ),
    "frames twice": (
        HEAD + ITEMS + "judge: {name: expected_score, model: critic, frames: 3}\nframes: {count: 8}\n",
        "the judge's frames is 3, and the spec's frames.count is 8; say it once: frames.count",
    ),
    "images for an offline judge": (
        BLEND + "evidence: both\n",
        "spec.yaml:6:11: judge 'blend' is shown no images: it has no option evidence (got 'both')",
    ),
    "published offline": (
        BLEND + "protocol: published\n",
        "is about expected_score, and the judge is 'blend'",
    ),
    "overall of blend": (BLEND + "scale: overall\n", "judge 'blend' has the scale accr only (got 'overall')"),
    "frames as published": (
        EXPECTED + "protocol: published\nframes: {count: 8}\n",
        "protocol: published shows three frames in one mosaic; leave frames out",
    ),
    "a temperature as published": (
        HEAD + ITEMS + "judge: {name: expected_score, model: critic, temperature: 0}\nprotocol: published\n",
        "spec.yaml:5:8: judge 'expected_score': temperature is what it was under protocol: published",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_spec_and_judge_say_must_agree(load: Callable[..., Spec], name: str) -> None:
    body, message = CONTRADICTIONS[name]
    with pytest.raises(SpecError) as found:
        load(body)
    assert len(found.value.problems) == 1
    assert message in str(found.value)


def test_the_judge_is_told_what_the_spec_says(load: Callable[..., Spec]) -> None:
    spec = load(
        EXPECTED + "evidence: both\nscale: accr\nframes: {count: 8, placement: ends, layout: separate}\n"
    )
    assert spec.judge is not None
    assert spec.judge.options == {
        "evidence": "both",
        "scale": "accr",
        "frames": 8,
        "placement": "ends",
        "layout": "separate",
    }
    plain = load(EXPECTED).judge
    assert plain is not None
    assert plain.options == {}
    same = load(
        HEAD + ITEMS + "judge: {name: expected_score, model: critic, scale: accr}\nscale: accr\n"
    ).judge
    assert same is not None
    assert same.options == {"scale": "accr"}


@pytest.mark.parametrize(
    ("target", "word"), [(TEXT, "is asked in text only"), (BLIND, "sees no images"), (TAPE, "is a recording")]
)
def test_a_target_that_cannot_see_is_refused_as_a_captioner(
    load: Callable[..., Spec], target: Model, word: str
) -> None:
    spec = load(BLEND + "captions: target\n")
    with pytest.raises(NotForTarget, match=word):
        entry().cases(spec, target)
    (Path(spec.path).parent / "dog.png").write_bytes(image_bytes())
    with pytest.raises(ProviderError, match=word):
        conducted(spec, target=target)


# --- captions of a file -------------------------------------------------------------------------


def test_captions_of_a_file_are_judged_without_asking_the_target(load: Callable[..., Spec]) -> None:
    spec, ask, judged = load(), Asked(), Judged()
    trial = conducted(spec, "dog", ask, judged)
    (exhibit,) = judged.exhibits
    assert (ask.requests, trial.exchanges, entry().calls(by_id(spec)["dog"], spec)) == ([], (), (0, 0))
    assert entry().opening(by_id(spec)["dog"], spec, TARGET) is None
    assert (trial.answer, trial.score.value) == ("A man walks his dog.", 80.0)
    assert (exhibit.answer, exhibit.references) == ("A man walks his dog.", tuple(REFERENCES))
    assert (exhibit.images, exhibit.recorded) == ((), {"media": "image"})
    assert not entry().wrong(trial)


def test_each_target_is_judged_by_its_own_captions(load: Callable[..., Spec]) -> None:
    row = {**DOG, "captions": {"lens": "A dog.", "prism": "A cat."}}
    del row["caption"]
    spec = load(BLEND.replace("[lens]", "[lens, prism]"), rows=[row, {**DOG, "id": "own", "model": "prism"}])
    answers = {
        (case, model.alias): conducted(spec, case, target=model).answer
        for case in ("dog", "own")
        for model in (TARGET, OTHER)
    }
    assert answers == {
        ("dog", "lens"): "A dog.",
        ("dog", "prism"): "A cat.",
        ("own", "lens"): "",
        ("own", "prism"): "A man walks his dog.",
    }
    unscored = conducted(spec, "own").score
    assert (unscored.value, unscored.reason) == (None, "the file has no caption of 'lens' for this item")
    with pytest.raises(
        NotForTarget, match=r"the file has no caption of 'critic'; it has those of: lens, prism"
    ):
        entry().cases(spec, JUDGE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"caption": ""}, "the caption is empty"),
        ({"caption": " \u200b\n"}, "the caption is empty"),
        ({"references": []}, "evidence: references needs references, and the item has none"),
        ({"references": [" ", "\u200b"]}, "evidence: references needs references, and the item has none"),
    ],
)
def test_a_caption_without_what_judging_takes_is_unscored_and_no_judge_is_asked(
    load: Callable[..., Spec], changes: Mapping[str, Any], reason: str
) -> None:
    judged = Judged()
    trial = conducted(load(rows=[{**DOG, **changes}, {**DOG, "id": "other"}]), "dog", judged=judged)
    assert (trial.score.value, trial.score.label, trial.score.reason) == (None, "unscored", reason)
    assert judged.exhibits == []
    assert reason in entry().explain(Outcome(case=by_id(load())["dog"], target=TARGET, trials=(trial,)))


def test_cheap_metrics_stand_beside_the_judge(load: Callable[..., Spec]) -> None:
    spec = load(rows=[*ROWS, {"id": "far", "caption": "Rain.", "references": REFERENCES}])
    near, far, chinese = (metrics(conducted(spec, name)) for name in ("dog", "far", "7"))
    assert set(near) == {"chrf", "bleu_4", "rouge_l", "cider_d", "words"}
    assert (near["words"], far["words"]) == (5, 1)
    assert all(near[name] > far[name] for name in ("chrf", "bleu_4", "rouge_l", "cider_d"))
    assert [name for name, value in chinese.items() if value is not None] == ["chrf"]


def test_a_judge_of_another_scale_is_moved_to_a_hundred(load: Callable[..., Spec]) -> None:
    spec = load(BLEND.replace("blend", "one-to-five"))
    found = entry().conduct(
        by_id(spec)["dog"], spec, TARGET, sample=0, ask=Asked(), judge=judging(spec.judge, ask=None)
    )
    score = asyncio.run(found).score
    assert (score.value, score.marks, score.details["own_value"]) == (25.0, {"clear": 100.0}, 2.0)
    assert score.details["own_scale"] == [1, 5]


def test_a_score_outside_of_the_scale_is_unscored(load: Callable[..., Spec]) -> None:
    spec = load(BLEND.replace("blend", "beyond"))
    found = entry().conduct(
        by_id(spec)["dog"], spec, TARGET, sample=0, ask=Asked(), judge=judging(spec.judge, ask=None)
    )
    score = asyncio.run(found).score
    assert score.value is None
    assert "180.0, outside its scale 0..100" in score.reason


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.lists(st.text(max_size=5), max_size=2)
)
KEYS = st.sampled_from(
    ("id", "caption", "captions", "references", "image", "video", "language", "clip", "tags", "model", "x")
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(KEYS, VALUES) | VALUES, max_size=4))
def test_whatever_stands_in_the_rows_they_are_cases_or_named(
    load: Callable[..., Spec], rows: list[object]
) -> None:
    with contextlib.suppress(SpecError):
        assert len(by_id(load(rows=rows))) == len(rows)


# --- images and clips ---------------------------------------------------------------------------


def visual(load: Callable[..., Spec], file: str, data: bytes | None, more: str = "") -> Spec:
    row = {**DOG, "video" if file.endswith("mp4") else "image": file}
    spec = load(EXPECTED + f"evidence: both\n{more}", rows=[row])
    if data is not None:
        (Path(spec.path).parent / file).write_bytes(data)
    return spec


def test_the_judge_is_shown_the_image_and_the_record_says_what_was_sent(load: Callable[..., Spec]) -> None:
    data, judged = image_bytes(), Judged()
    trial = conducted(visual(load, "dog.png", data), judged=judged)
    (image,) = judged.exhibits[0].images
    assert (image.data, image.media_type) == (data, "image/png")
    media = told(trial)["media"]
    assert (media["file"], media["width"], media["height"]) == ("dog.png", 60, 40)
    assert media["sent"][0]["bytes"] == len(data)


def test_frames_are_shown_as_the_spec_says(load: Callable[..., Spec]) -> None:
    pyav()
    judged = Judged()
    spec = visual(load, "dog.mp4", clip(24), "frames: {count: 8, layout: separate}\n")
    trial = conducted(spec, judged=judged)
    assert len(judged.exhibits[0].images) == 8
    assert judged.exhibits[0].recorded == {"media": "video"}
    assert (told(trial)["media"]["frames"], len(told(trial)["media"]["shown"])) == (24, 8)
    published = Judged()
    conducted(visual(load, "dog.mp4", clip(24), "protocol: published\n"), judged=published)
    (mosaic,) = published.exhibits[0].images
    assert opened(mosaic.data).size == (1536, 512)


def test_frames_are_kept_in_the_state_folder_of_the_run(
    load: Callable[..., Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    pyav()
    spec = visual(load, "dog.mp4", clip(12))
    folder = Path(spec.path).parent
    monkeypatch.chdir(folder)
    first = conducted(spec)
    assert not (folder / ".distill-tests").exists()
    (folder / ".distill-tests").mkdir()
    second, third = conducted(spec), conducted(spec)
    assert list((folder / ".distill-tests/frames").glob("*.png"))
    assert told(first) == told(second) == told(third)


def truncated() -> bytes:
    data = image_bytes(size=(400, 300))
    return data[: len(data) // 2]


def of_megapixels(count: int) -> bytes:
    """A small PNG whose header tells of many more pixels."""
    data = image_bytes()
    header = b"IHDR" + struct.pack(">II", 1000 * count, 1000) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2000))
    return out.getvalue()


BAD_MEDIA: dict[str, tuple[str, Callable[[], bytes | None], str]] = {
    "a missing image": ("dog.png", lambda: None, "dog.png: there is no such file"),
    "a missing video": ("dog.mp4", lambda: None, "dog.mp4: there is no such file"),
    "an empty image": ("dog.png", lambda: b"", "dog.png: is empty (0 bytes)"),
    "an image that is none": ("dog.png", lambda: b"hello", "is no JPEG, PNG, WebP or GIF"),
    "a truncated image": ("dog.png", truncated, "is a damaged or truncated image/png"),
    "a moving GIF named .jpg": ("dog.jpg", lambda: animation(), "dog.jpg: moves (3 frames)"),
    "100 megapixels": (
        "dog.png",
        lambda: of_megapixels(100),
        "100000 x 1000 = 100,000,000 pixels",
    ),
    "a truncated video": ("dog.mp4", lambda: clip(24)[:900], "cut short"),
    "a video without a frame": ("dog.mp4", sound, "dog.mp4: has no video stream"),
    "a video that is none": ("dog.mp4", lambda: b"no video at all" * 99, "cannot be read as a video"),
}


@pytest.mark.parametrize("captions", ["file", "target"])
@pytest.mark.parametrize("name", BAD_MEDIA)
def test_an_image_or_clip_that_cannot_be_used_is_unscored_and_named(
    load: Callable[..., Spec], name: str, captions: str
) -> None:
    file, data, reason = BAD_MEDIA[name]
    pyav()
    ask, judged = Asked(), Judged()
    trial = conducted(visual(load, file, data(), f"captions: {captions}\n"), "dog", ask, judged)
    assert (trial.score.value, trial.score.label) == (None, "unscored")
    assert reason in trial.score.reason
    assert (ask.requests, judged.exhibits, trial.exchanges) == ([], [], ())


def test_a_still_gif_named_jpg_is_sent_as_what_it_is(load: Callable[..., Spec]) -> None:
    judged = Judged()
    conducted(visual(load, "dog.jpg", image_bytes("GIF")), judged=judged)
    assert judged.exhibits[0].images[0].media_type == "image/gif"


def test_by_references_alone_no_image_is_opened(load: Callable[..., Spec]) -> None:
    trial = conducted(load(EXPECTED, rows=[{**DOG, "image": "nowhere.png"}]))
    assert (trial.score.value, told(trial)["media"]) == (80.0, None)


def test_an_item_without_an_image_is_unscored_where_one_is_needed(load: Callable[..., Spec]) -> None:
    spec = load(EXPECTED + "evidence: visual\n")
    assert conducted(spec, "cat").score.reason == "the item has no image and no video"


# --- a target that captions ---------------------------------------------------------------------


def test_a_target_captions_what_it_is_shown(load: Callable[..., Spec]) -> None:
    data = image_bytes()
    spec = visual(load, "dog.png", data, "captions: target\nsampling: {max_tokens: 50}\n")
    ask, judged = Asked(), Judged()
    trial = conducted(spec, "dog", ask, judged)
    (request,) = ask.requests
    (message,) = request.messages
    assert "caption for the attached image" in message.text
    assert (message.images[0].data, request.sampling.max_tokens) == (data, 50)
    assert judged.exhibits[0].answer == trial.answer == "A man walks a dog."
    assert entry().opening(by_id(spec)["dog"], spec, TARGET) == request
    assert entry().calls(by_id(spec)["dog"], spec) == (1, 1)
    assert told(trial)["instruction"].startswith("captioning 1 (")
    assert metrics(trial)["cider_d"] == 0.0  # a set of one clip has no rare word
    assert metrics(trial)["chrf"] > 0.5


def test_by_references_the_target_sees_the_image_and_the_judge_does_not(load: Callable[..., Spec]) -> None:
    row = {**DOG, "image": "dog.png"}
    spec = load(EXPECTED + "captions: target\n", rows=[row])
    (Path(spec.path).parent / "dog.png").write_bytes(image_bytes())
    ask, judged = Asked(), Judged()
    conducted(spec, "dog", ask, judged)
    assert len(ask.requests[0].messages[0].images) == 1
    assert judged.exhibits[0].images == ()


def test_the_instruction_is_in_the_items_language_or_the_specs_own(load: Callable[..., Spec]) -> None:
    row = {**DOG, "language": "zh-Hans", "image": "dog.png"}
    texts = []
    for more in ("", "instruction: Name the animal.\n"):
        spec = load(EXPECTED + "captions: target\n" + more, rows=[row])
        (Path(spec.path).parent / "dog.png").write_bytes(image_bytes())
        ask = Asked()
        conducted(spec, "dog", ask)
        texts.append((ask.requests[0].messages[0].text, by_id(spec)["dog"].data.set_hash))
    assert texts[0][0].startswith("请为所附图片写一条说明")
    assert texts[1][0] == "Name the animal."
    assert texts[0][1] != texts[1][1]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="I cannot.", finish="refusal"),
        Reply(text=" \u200b", finish="stop"),
        Reply(text="", thinking="hm", finish="stop"),
    ],
)
def test_no_caption_is_no_caption_and_no_judge_is_asked(load: Callable[..., Spec], reply: Reply) -> None:
    spec, judged = visual(load, "dog.png", image_bytes(), "captions: target\n"), Judged()
    with pytest.raises(EmptyReply):
        conducted(spec, "dog", Asked(reply), judged)
    assert judged.exhibits == []


@pytest.mark.parametrize(("policy", "value"), [("judge", 80.0), ("unscored", None)])
def test_a_caption_cut_off_is_marked(load: Callable[..., Spec], policy: str, value: float | None) -> None:
    spec = visual(load, "dog.png", image_bytes(), f"captions: target\non_cutoff: {policy}\n")
    trial = conducted(spec, "dog", Asked(Reply(text="A man walks", finish="length")))
    assert (trial.cut_off, trial.score.value) == (True, value)


# --- what people are shown ----------------------------------------------------------------------


def test_people_are_shown_caption_references_image_and_reason(load: Callable[..., Spec]) -> None:
    spec = visual(load, "dog.png", image_bytes(size=(3000, 20)))
    trial = conducted(spec)
    marked = replace(trial.score, marks=dict.fromkeys(("accuracy", "completeness"), 70.0))
    outcome = Outcome(case=by_id(spec)["dog"], target=TARGET, trials=(replace(trial, score=marked),))
    text = entry().explain(outcome)
    assert "caption of lens" in text
    for line in (
        "caption:    A man walks his dog.",
        "reference:  a man walks a dog",
        "image:      dog.png (2048 x 14; scaled down from 3000 x 20 to 2048 x 14)",
        "judged:     score 80.0 of 100, accuracy 70.0, completeness 70.0 (toy): it fits",
    ):
        assert f"  {line}" in text.splitlines()


def record(case: str, target: str, score: Score | None, *, language: str = "en") -> dict[str, Any]:
    details = {} if score is None else dict(score.details)
    told_score = (
        {} if score is None else {"value": score.value, "marks": dict(score.marks), "details": details}
    )
    return {
        "type": "case",
        "spec": "s.yaml",
        "title": "Captions",
        "id": case,
        "target": target,
        "verdict": Verdict.PASSED if score else Verdict.BROKEN,
        "tags": [],
        "clusters": {"clip": case},
        "groups": {"language": language},
        "trials": [] if score is None else [{"score": told_score}],
    }


def scored(value: float | None, path: str | None = "digit_tree", mass: float | None = 0.9) -> Score:
    marks = (
        {}
        if value is None
        else dict.fromkeys(("accuracy", "completeness", "conciseness", "relevance"), value)
    )
    details: dict[str, Any] = {"path": path, "captured_mass": mass, "metrics": {"chrf": 0.5, "words": 4}}
    return Score(value=value, label="", marks=marks, details=details)


def test_tables_count_what_is_not_scored_and_say_how_scores_were_read() -> None:
    kind: Any = entry()
    records = [
        record("a", "lens", scored(80.0)),
        record("b", "lens", scored(60.0, "sampled", None)),
        record("c", "lens", scored(None, None, None)),
        record("d", "lens", None),
    ]
    scores, beside, readings = kind.tables(records)
    assert scores.columns[-3:] == ("average", "scored", "of")
    (row,) = scores.rows
    assert (row[-3].value, row[-2], row[-1]) == (70.0, 2, 4)
    assert any("1 caption not scored" in note for note in scores.notes)
    assert any("1 item without a usable reply" in note for note in scores.notes)
    assert (beside.rows[0][1].value, beside.rows[0][2].value, beside.rows[0][2].n) == (70.0, 50.0, 3)
    assert readings.columns[1:4] == ("digit tree", "sampled scores", "unscored")
    assert readings.rows[0][1:4] == (1, 1, 1)
    assert (readings.rows[0][4].value, readings.rows[0][5]) == (0.9, 1)


def test_tables_are_split_by_language_where_there_are_several() -> None:
    kind: Any = entry()
    records = [record("a", "lens", scored(80.0)), record("b", "lens", scored(20.0), language="zh")]
    scores, *_ = kind.tables(records)
    assert [(row[0], row[-3].value) for row in scores.rows] == [
        ("lens", 50.0),
        ("lens, en", 80.0),
        ("lens, zh", 20.0),
    ]
