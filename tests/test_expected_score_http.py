"""``expected_score`` over HTTP: what is really sent to an endpoint, and what is made of what it says."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import cli
from distill_tests.judging import judging
from distill_tests.registry import providers
from distill_tests.types import Exhibit, JudgeUse, Model, Score
from tests.api_asking import KEY_NAME, PICTURE, card, set_environment, skip_without_sdk
from tests.fake_api import KEY, OLD_CLAUDE, FakeApi, Step, error
from tests.made_media import clip, image_bytes, opened, pyav
from tests.scored_tokens import details

BOTH = Exhibit(id="1", answer="a red square", references=("a square", "something red"), images=(PICTURE,))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch)


def score(model: Model, exhibit: Exhibit, **options: Any) -> Score:
    async def ask() -> Score:
        provider = providers.get(model.provider).make(model)
        try:
            use = JudgeUse(name="expected_score", options=options, model=model)
            return await judging(use, ask=provider.send)(exhibit)
        finally:
            await provider.aclose()

    return asyncio.run(ask())


def told(*tokens: tuple[str, Mapping[str, float]] | str) -> Step:
    """A chat completion with these tokens and their alternatives, as OpenAI writes them."""
    content, text = [], ""
    for one in tokens:
        token, given = (one, {one: 1.0}) if isinstance(one, str) else one
        top = [
            {"token": alt, "logprob": math.log(p), "bytes": list(alt.encode())} for alt, p in given.items()
        ]
        chosen = math.log(given[token])
        content.append(
            {"token": token, "logprob": chosen, "bytes": list(token.encode()), "top_logprobs": top}
        )
        text += token
    return Step(message={"content": text}, choice={"logprobs": {"content": content, "refusal": None}})


SURE = told("It", " fits.", "\n", "FINAL", " SCORE", ":", " ", ("85", {"85": 0.75, "95": 0.25}))


def test_what_is_sent_with_an_image_and_what_is_made_of_the_logprobs() -> None:
    skip_without_sdk("openai")
    with FakeApi(SURE) as api:
        found = score(card(api), BOTH, evidence="both", seed=7)
    (call,) = api.calls
    assert api.problems == []
    assert call.path == "/v1/chat/completions"
    assert {
        key: call.body[key] for key in ("logprobs", "top_logprobs", "temperature", "seed", "max_tokens")
    } == {
        "logprobs": True,
        "top_logprobs": 20,
        "temperature": 0.0,
        "seed": 7,
        "max_tokens": 1024,
    }
    system, user = call.body["messages"]
    assert (system["role"], isinstance(system["content"], str)) == ("system", True)
    text, image = user["content"]
    assert '"a red square"' in text["text"]
    assert '"something red"' in text["text"]
    assert image["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(PICTURE.data).decode()
    assert found.value == pytest.approx(87.5)
    assert (details(found)["path"], details(found)["captured_mass"]) == ("whole_number", pytest.approx(1))
    assert details(found)["replies"][0]["served_model"] == "qwen-max-0919"


def test_references_only_is_text_only() -> None:
    skip_without_sdk("openai")
    with FakeApi(SURE) as api:
        assert score(card(api), BOTH).value == pytest.approx(87.5)
    (call,) = api.calls
    assert all(isinstance(message["content"], str) for message in call.body["messages"])
    assert "base64" not in json.dumps(call.body)


def test_published_is_sent_as_the_published_script_sent_it() -> None:
    skip_without_sdk("openai")
    good = told("Good. The final score is ", "$", ("85", {"85": 0.5, "75": 0.5}), "$", ".")
    with FakeApi(good) as api:
        found = score(card(api), BOTH, evidence="both", protocol="published")
    (call,) = api.calls
    sent = {key: call.body[key] for key in ("logprobs", "top_logprobs", "temperature", "top_p")}
    assert sent == {"logprobs": True, "top_logprobs": 5, "temperature": 1.0, "top_p": 1.0}
    (message,) = call.body["messages"]
    assert message["role"] == "user"
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]
    assert details(found)["path"] == "published"
    assert found.value == pytest.approx(80)


def test_a_jpeg_is_sent_as_a_jpeg(tmp_path: Path) -> None:
    skip_without_sdk("openai")
    data = image_bytes("JPEG")
    (tmp_path / "photo.png").write_bytes(data)
    exhibit = Exhibit(answer="a square", recorded={"image": str(tmp_path / "photo.png")})
    with FakeApi(SURE) as api:
        score(card(api), exhibit, evidence="visual")
    url = api.calls[0].body["messages"][1]["content"][1]["image_url"]["url"]
    assert url == "data:image/jpeg;base64," + base64.b64encode(data).decode()


def test_a_clip_is_sent_as_a_png_of_its_labelled_frames(tmp_path: Path) -> None:
    skip_without_sdk("openai")
    pyav()
    (tmp_path / "clip.mp4").write_bytes(clip(12))
    exhibit = Exhibit(answer="grey", recorded={"video": str(tmp_path / "clip.mp4")})
    with FakeApi(SURE, told("$", "50", "$")) as api:
        assert score(card(api), exhibit, evidence="visual").value is not None
        assert score(card(api), exhibit, evidence="visual", protocol="published").value == 50
    sizes = []
    for call in api.calls:
        (image,) = [part for part in call.body["messages"][-1]["content"] if part["type"] == "image_url"]
        head, _, data = image["image_url"]["url"].partition(",")
        assert head == "data:image/png;base64"
        sizes.append(opened(base64.b64decode(data)).size)
    assert sizes == [(3 * 64, 48 + 28), (1536, 512)]


def test_split_digits_over_http_are_walked() -> None:
    skip_without_sdk("openai")
    step = told("FINAL SCORE: ", ("8", {"8": 0.9, "9": 0.1}), ("5", {"5": 0.5, "1": 0.5}))
    with FakeApi(step) as api:
        found = score(card(api), BOTH)
    assert details(found)["path"] == "digit_tree"
    assert details(found)["captured_mass"] == pytest.approx(0.9)
    assert found.value == pytest.approx(83)


def completed(text: str, *tokens: tuple[str, Mapping[str, float]]) -> Step:
    """A completion with these tokens and their alternatives, in the older shape."""
    logprobs = {
        "tokens": [token for token, _ in tokens],
        "token_logprobs": [math.log(given[token]) for token, given in tokens],
        "top_logprobs": [{alt: math.log(p) for alt, p in given.items()} for _, given in tokens],
    }
    return Step(choice={"text": text, "finish_reason": "stop", "logprobs": logprobs})


def test_a_completion_is_gone_on_with_for_the_digits_that_were_not_generated() -> None:
    skip_without_sdk("openai")
    words = ("FINAL SCORE: ", {"FINAL SCORE: ": 1.0})
    first = completed(
        "FINAL SCORE: 85", words, ("8", {"8": 0.6, "7": 0.4}), ("5", {"5": 1.0}), ("\n", {"\n": 1.0})
    )
    with FakeApi(first, completed("5", ("5", {"5": 1.0}))) as api:
        found = score(card(api, ask_as="completion"), BOTH, continued="auto")
    assert found.value == pytest.approx(0.6 * 85 + 0.4 * 75)
    assert details(found)["captured_mass"] == pytest.approx(1)
    prompts = [call.body["prompt"] for call in api.calls]
    assert prompts[1] == prompts[0] + "FINAL SCORE: 7"
    assert (api.calls[1].body["max_tokens"], api.calls[1].body["temperature"]) == (8, 0.0)


def test_an_endpoint_without_logprobs_gives_sampled_scores() -> None:
    skip_without_sdk("openai")
    refused = Step(status=400, body=error("'logprobs' is not supported with this model."))
    stated = [Step(message={"content": f"Fine.\nFINAL SCORE: {n}"}) for n in (50, 60, 70, 80)]
    with FakeApi(refused, *stated) as api:
        found = score(card(api), BOTH, fallback_samples=3)
    assert (found.value, details(found)["path"]) == (70, "sampled")
    assert ["logprobs" in call.body for call in api.calls] == [True, False, False, False, False]
    assert [call.body["temperature"] for call in api.calls] == [0.0, 0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "step",
    [
        Step(message={"content": None, "refusal": "I cannot."}),
        Step(message={"content": ""}, choice={"finish_reason": "content_filter"}),
        Step(message={"content": "FINAL SCORE: 80"}, choice={"finish_reason": "length"}),
        Step(message={"content": "FINAL SCORE: 180"}),
    ],
)
def test_a_refusing_or_cut_off_judge_is_unscored(step: Step) -> None:
    skip_without_sdk("openai")
    with FakeApi(step) as api:
        found = score(card(api), BOTH)
    assert (found.value, found.label) == (None, "unscored")
    assert len(api.calls) == 1


def test_anthropic_is_asked_without_logprobs_and_its_numbers_are_sampled() -> None:
    skip_without_sdk("anthropic")
    text = [{"type": "text", "text": "Fine.\nFINAL SCORE: 60"}]
    with FakeApi(*[Step(message={"content": text})] * 4) as api:
        found = score(card(api, "anthropic", model=OLD_CLAUDE), BOTH, evidence="both", fallback_samples=3)
    assert api.problems == []
    assert (found.value, details(found)["path"], details(found)["captured_mass"]) == (60, "sampled", None)
    first = api.calls[0].body
    assert [part["type"] for part in first["messages"][0]["content"]] == ["image", "text"]
    assert "logprobs" not in first


def test_rows_are_scored_through_the_command_with_the_image_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_sdk("openai")
    monkeypatch.chdir(tmp_path)
    Path("square.png").write_bytes(image_bytes())
    row = {"id": "a", "caption": "a red square", "image": "square.png"}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with FakeApi(SURE, key=KEY) as api:
        cards = f"{{j: {{provider: openai, model: m, base_url: '{api.url}', api_key: '${{{KEY_NAME}}}'}}}}"
        Path("models.yaml").write_text(cards, encoding="utf-8")
        flags = ["--option", "evidence=visual", "--output", "out.jsonl"]
        status = cli.main(
            ["judge", "expected_score", "rows.jsonl", "--models", "models.yaml", "--model", "j", *flags]
        )
    assert status == 0
    written = json.loads(Path("out.jsonl").read_text(encoding="utf-8"))
    assert (written["overall"], written["path"]) == (pytest.approx(87.5), "whole_number")
    parts = api.calls[0].body["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]
