"""Caption audits through the plugin: the shipped specs, what a judge over HTTP is really sent, refusals."""

from __future__ import annotations

import base64
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.api_asking import set_environment, skip_without_sdk
from tests.e2e.conftest import Project
from tests.fake_api import KEY, Call, FakeApi, Step
from tests.made_media import opened, pyav

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "caption-judge"
CRITIC, CAPTIONER = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
CAPTION = "A red balloon hangs over a hill."


def said(*parts: str | tuple[str, Mapping[str, float]]) -> Step:
    """A chat completion of these tokens, each with its alternatives, as OpenAI writes them."""
    tokens = [(part, {part: 1.0}) if isinstance(part, str) else part for part in parts]
    content = [
        {
            "token": token,
            "logprob": math.log(given[token]),
            "bytes": list(token.encode()),
            "top_logprobs": [
                {"token": other, "logprob": math.log(p), "bytes": list(other.encode())}
                for other, p in given.items()
            ],
        }
        for token, given in tokens
    ]
    text = "".join(token for token, _ in tokens)
    return Step(message={"content": text}, choice={"logprobs": {"content": content, "refusal": None}})


def accr(numbers: Mapping[str, int]) -> Step:
    """Four lines, each number with a probability of 0.9 and one 10 below it with 0.1."""
    parts: list[str | tuple[str, Mapping[str, float]]] = ["It fits.\n"]
    for name, number in numbers.items():
        parts += [f"FINAL {name}", ": ", (str(number), {str(number): 0.9, str(number - 10): 0.1}), "\n"]
    return said(*parts)


DIMENSIONS = ("ACCURACY", "COMPLETENESS", "CONCISENESS", "RELEVANCE")
GOOD, BAD = accr(dict.fromkeys(DIMENSIONS, 90)), accr(dict.fromkeys(DIMENSIONS, 30))
OVERALL = said("Fine.\n", "FINAL SCORE", ": ", ("80", {"80": 1.0}))
PUBLISHED = said("Fine. The final score is ", "$", ("70", {"70": 0.5, "50": 0.5}), "$", ".")


class Endpoint(FakeApi):
    """Captions as the captioner; as the critic scores by what the caption says."""

    def __init__(self, *, refuses: str = "no such caption") -> None:
        super().__init__()
        self.refuses = refuses

    def reply(self, call: Call, step: Step) -> dict[str, Any]:
        return super().reply(call, self._told(call))

    def _told(self, call: Call) -> Step:
        if call.body["model"] == CAPTIONER:
            return Step(message={"content": CAPTION})
        asked = text_of(call)
        if self.refuses in asked:
            return Step(message={"content": None, "refusal": "I will not."})
        if "The final score is" in asked:
            return PUBLISHED
        if "FINAL SCORE" in asked:
            return OVERALL
        return BAD if "A boat sails" in asked else GOOD


def parts_of(call: Call, kind: str) -> list[Mapping[str, Any]]:
    contents = [message["content"] for message in call.body["messages"]]
    return [part for one in contents if isinstance(one, list) for part in one if part["type"] == kind]


def text_of(call: Call) -> str:
    plain = [message["content"] for message in call.body["messages"] if isinstance(message["content"], str)]
    return "\n".join([*plain, *(str(part["text"]) for part in parts_of(call, "text"))])


def images_of(call: Call) -> list[bytes]:
    urls = [str(part["image_url"]["url"]) for part in parts_of(call, "image_url")]
    assert all(url.startswith("data:image/png;base64,") for url in urls)
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


@pytest.fixture
def example(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The shipped example; its cards are sent to the endpoint by :func:`at`."""
    skip_without_sdk("openai")
    pyav()
    set_environment(monkeypatch, OPENAI_API_KEY=KEY)
    shutil.rmtree(project.path / "specs")
    shutil.copytree(EXAMPLE, project.path / "specs")
    return project


def at(project: Project, api: FakeApi, *names: str) -> None:
    """Only these of the example's specs, asked at the fake endpoint."""
    folder = project.path / "specs"
    cards = (folder / "models.yaml").read_text("utf-8")
    (folder / "models.yaml").write_text(cards.replace("https://api.openai.com/v1", api.url), "utf-8")
    for file in folder.glob("*.yaml"):
        if file.stem not in (*names, "models"):
            file.unlink()


def cases(project: Project) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in project.records() if row["type"] == "case"}


def score_of(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = row["trials"][0]["score"]
    return found


# --- offline ------------------------------------------------------------------------------------


def test_the_shipped_spec_passes_offline_and_asks_nobody(project: Project) -> None:
    shutil.copytree(ROOT / "specs" / "caption", project.path / "specs" / "caption")
    shutil.copy(ROOT / "specs" / "models.yaml", project.path / "specs" / "models.yaml")
    result = project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*PASSED*above_careless*required at least 20 above the control careless",
            "*PASSED*english*required at least 30",
            "*Careful captions beside careless ones: cheap metrics beside the judge*",
            "*0 made, 0 from the store*",
            "*VERDICT: PASSED (2 gates passed)*",
        ]
    )
    titles = [table["title"].rpartition(": ")[2] for table in project.summary()["tables"]]
    assert titles == ["0 to 100", "cheap metrics beside the judge"]
    scores = project.summary()["tables"][0]
    [control] = [row for row in scores["rows"] if "careless)" in row[0]]
    of_control = dict(zip(scores["columns"], control, strict=True))["average"]
    assert 0 <= of_control["low"] < of_control["value"] < of_control["high"] <= 100


def test_careless_captions_do_not_pass(project: Project) -> None:
    shutil.copytree(ROOT / "specs" / "caption", project.path / "specs" / "caption")
    shutil.copy(ROOT / "specs" / "models.yaml", project.path / "specs" / "models.yaml")
    result = project.run("--distill-target=captions-careless")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*FAILED*above_careless*", "*FAILED*english*"])


# --- a judge over HTTP --------------------------------------------------------------------------


def test_a_judge_is_sent_image_frames_and_references_and_its_tokens_are_the_score(example: Project) -> None:
    with Endpoint() as api:
        at(example, api, "judged")
        result = example.run()
    assert result.ret == 0, result.stdout.str()
    assert api.problems == []
    assert len(api.calls) == 3
    for call in api.calls:
        sent = {key: call.body[key] for key in ("model", "logprobs", "top_logprobs", "temperature", "seed")}
        assert sent == {"model": CRITIC, "logprobs": True, "top_logprobs": 20, "temperature": 0.0, "seed": 7}
        (part,) = parts_of(call, "image_url")
        assert part["image_url"]["detail"] == "high"
    by_words = {next(w for w in ("balloon", "boat", "ball") if w in text_of(one)): one for one in api.calls}
    assert images_of(by_words["balloon"]) == [(EXAMPLE / "data/balloon.png").read_bytes()]
    assert '"a red balloon above a green hill"' in text_of(by_words["balloon"])
    (mosaic,) = images_of(by_words["ball"])
    assert opened(mosaic).size == (3 * 160, 3 * (96 + 28))
    rows = cases(example)
    assert score_of(rows["balloon"])["marks"]["accuracy"] == pytest.approx(89)
    assert score_of(rows["house"])["value"] == pytest.approx(29)
    assert score_of(rows["balloon"])["details"]["captured_mass"] == pytest.approx(1)
    assert score_of(rows["ball"])["details"]["caption"]["media"]["seconds"] == 3
    (readings,) = [one for one in example.summary()["tables"] if "read" in one["title"]]
    assert readings["columns"][1:3] == ["whole-number tokens", "unscored"]
    assert readings["rows"][0][1:3] == [3, 0]
    assert list((example.path / ".distill-tests" / "frames").glob("*.png"))


def test_by_references_no_image_is_sent(example: Project) -> None:
    with Endpoint() as api:
        at(example, api, "references")
        for name in ("balloon.png", "house.png", "ball.mp4"):
            (example.path / "specs" / "data" / name).unlink()
        result = example.run()
    assert result.ret == 0, result.stdout.str()
    assert [images_of(call) for call in api.calls] == [[], [], []]
    assert "base64" not in str([call.body for call in api.calls])


def test_as_published_is_sent_as_published(example: Project) -> None:
    with Endpoint() as api:
        at(example, api, "published")
        result = example.run()
    assert result.ret == 0, result.stdout.str()
    for call in api.calls:
        sent = {key: call.body[key] for key in ("logprobs", "top_logprobs", "temperature", "top_p")}
        assert sent == {"logprobs": True, "top_logprobs": 5, "temperature": 1.0, "top_p": 1.0}
        assert [message["role"] for message in call.body["messages"]] == ["user"]
    sizes = [opened(image).size for call in api.calls for image in images_of(call)]
    assert sorted(sizes) == [(240, 180), (240, 180), (1536, 512)]
    assert {score_of(row)["value"] for row in cases(example).values()} == {60.0}


def test_a_target_captions_what_it_sees_and_the_judge_scores_that(example: Project) -> None:
    with Endpoint() as api:
        at(example, api, "captioned")
        result = example.run()
    assert result.ret == 0, result.stdout.str()
    asked = [call for call in api.calls if call.body["model"] == CAPTIONER]
    judged = [call for call in api.calls if call.body["model"] == CRITIC]
    assert (len(asked), len(judged)) == (3, 3)
    assert all("Reply with the caption only." in text_of(call) for call in asked)
    assert "logprobs" not in asked[0].body
    assert all(f'"{CAPTION}"' in text_of(call) for call in judged)
    assert sorted(map(len, map(images_of, asked))) == [1, 1, 1]
    assert {image for call in asked for image in images_of(call)} == {
        image for call in judged for image in images_of(call)
    }
    assert not any("a red balloon above" in text_of(call) for call in judged)
    row = cases(example)["balloon"]
    assert (row["trials"][0]["answer"], score_of(row)["value"]) == (CAPTION, 80)
    assert row["trials"][0]["exchanges"][0]["messages"][0]["images"][0]["media_type"] == "image/png"


def test_a_refusal_and_a_broken_clip_are_unscored_and_the_run_goes_on(example: Project) -> None:
    with Endpoint(refuses="A boat sails") as api:
        at(example, api, "judged")
        video = example.path / "specs" / "data" / "ball.mp4"
        video.write_bytes(video.read_bytes()[:1500])
        result = example.run()
    assert result.ret == 11, result.stdout.str()  # two of three without a score: no gate can be believed
    rows = cases(example)
    verdicts = {name: (row["verdict"], score_of(row)["value"]) for name, row in rows.items()}
    assert verdicts["balloon"] == ("passed", pytest.approx(89))
    assert verdicts["house"] == verdicts["ball"] == ("inconclusive", None)
    assert "I will not" in score_of(rows["house"])["reason"] or "refus" in score_of(rows["house"])["reason"]
    assert "ball.mp4" in score_of(rows["ball"])["reason"]
    (scores,) = [one for one in example.summary()["tables"] if one["title"].endswith("0 to 100")]
    assert scores["rows"][0][-2:] == [1, 3]
    assert scores["rows"][0][-3]["value"] == pytest.approx(89)
    assert any("2 captions not scored" in note for note in scores["notes"])


def test_workers_make_no_call_twice_and_a_second_run_is_judged_from_the_store(example: Project) -> None:
    pytest.importorskip("xdist")
    with Endpoint() as api:
        at(example, api, "captioned")
        result = example.run("-n", "2", "-p", "xdist", subprocess=True)
        assert result.ret == 0, result.stdout.str()
        first = len(api.calls)
        again = example.run("--distill-replay")
        assert again.ret == 0, again.stdout.str()
    assert (first, len(api.calls)) == (6, 6)


def test_without_the_key_the_example_is_skipped_in_words(
    example: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with Endpoint() as api:
        at(example, api, "judged")
        result = example.run("-rs")
    result.stdout.fnmatch_lines(["*OPENAI_API_KEY*"])
    assert api.calls == []


def test_every_bad_row_is_named_before_anything_is_asked(example: Project) -> None:
    with Endpoint() as api:
        at(example, api, "judged")
        rows = example.path / "specs" / "data" / "captions.jsonl"
        rows.write_text('{"id": 1, "caption": 2}\n{"caption": "a", "image": "../../x.png"}\n', "utf-8")
        result = example.run()
    result.stdout.fnmatch_lines(
        [
            "*captions.jsonl:1:1: item '1': caption is a number; a text",
            "*captions.jsonl:2:1: id is missing; a text or a whole number",
            "*captions.jsonl:2:1: image '../../x.png' lies outside of the folder of this file; a path *",
        ]
    )
    assert api.calls == []
