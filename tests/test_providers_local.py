"""The local provider, on the real SmolLM2-135M-Instruct (skipped with a reason where it cannot run)."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from distill_tests import weights
from distill_tests.errors import DataError, EmptyReply, MissingExtra, ProviderError, Refused, Transient
from distill_tests.providers._gguf import metadata
from distill_tests.providers._llama import Layout, acquire, release
from distill_tests.providers._llama_session import plain_text
from distill_tests.providers._llama_wire import body_of, reply_of, trouble_of
from distill_tests.providers._thinking import split_thinking
from distill_tests.registry import providers
from distill_tests.types import Image, Message, Model, Reply, Request, Sampling
from tests.local_weights import smollm2

INJECTED = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def user(text: str) -> Message:
    return Message(role="user", text=text)


def asking(model: Model, *texts: str | Message, tokens: int = 6, **changes: Any) -> Request:
    sampling = changes.pop("sampling", Sampling(max_tokens=tokens))
    messages = tuple(user(text) if isinstance(text, str) else text for text in texts or ("Who made you?",))
    return Request(model=model, messages=messages, sampling=sampling, **changes)


def replies(*requests: Request, one_by_one: bool = False) -> list[Reply]:
    async def ask() -> list[Reply]:
        provider = providers.get("local").make(requests[0].model)
        try:
            if one_by_one:
                return [await provider.send(request) for request in requests]
            return await asyncio.gather(*map(provider.send, requests))
        finally:
            await provider.aclose()

    return asyncio.run(ask())


def reply(request: Request) -> Reply:
    return replies(request)[0]


def rendered(model: Model, *texts: str | Message) -> str:
    return reply(asking(model, *texts, tokens=1)).rendered or ""


@pytest.fixture(scope="module")
def _running() -> Any:
    """Keep the server of the usual card running between tests: they share it."""
    path = weights.weights_path(smollm2(), quiet=True).resolve()
    layout = Layout(path=path, slots=2, context=256)
    acquire(layout)
    yield
    release(layout)


# --- prompts ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_running")
def test_a_reply_has_its_receipts() -> None:
    answer = reply(asking(smollm2(), "Who made you?"))
    assert answer.served_model == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert (answer.system_fingerprint or "").startswith("xllamacpp-")
    assert answer.usage is not None
    assert answer.usage.output_tokens == 6
    assert answer.finish == "length"
    assert answer.latency_s
    assert answer.rendered == (
        f"<|im_start|>system\n{INJECTED}<|im_end|>\n<|im_start|>user\nWho made you?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@pytest.mark.usefixtures("_running")
def test_system_none_silences_what_the_template_injects() -> None:
    assert INJECTED in rendered(smollm2(), "Hi")
    silenced = rendered(smollm2(system="none"), "Hi")
    assert silenced.startswith("<|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi")


@pytest.mark.usefixtures("_running")
def test_a_system_text_stands_first_unless_the_request_has_its_own() -> None:
    bob = smollm2(system="You are Bob.")
    assert rendered(bob, "Hi").startswith("<|im_start|>system\nYou are Bob.<|im_end|>")
    own = rendered(bob, Message(role="system", text="You are Eve."), "Hi")
    assert own.count("<|im_start|>system") == 1
    assert "You are Eve." in own


@pytest.mark.usefixtures("_running")
def test_a_dialogue_is_rendered_turn_by_turn() -> None:
    text = rendered(smollm2(), "a", Message(role="assistant", text="b"), "c")
    assert [text.index(part) for part in ("user\na<", "assistant\nb<", "user\nc<")] == sorted(
        text.index(part) for part in ("user\na<", "assistant\nb<", "user\nc<")
    )


@pytest.mark.usefixtures("_running")
def test_completion_sends_the_text_as_it_stands() -> None:
    assert rendered(smollm2(ask_as="completion"), "The capital of France is") == "The capital of France is"


def rewritten(tmp_path: Path, old: bytes, new: bytes) -> Path:
    """SmolLM2 with a part of its header replaced by one of the same length."""
    assert len(old) == len(new)
    data = weights.weights_path(smollm2(), quiet=True).read_bytes()
    assert data.count(old) == 1
    path = tmp_path / "rewritten.gguf"
    path.write_bytes(data.replace(old, new))
    return path


def test_a_model_without_a_chat_template_is_completed_as_text(tmp_path: Path) -> None:
    path = rewritten(tmp_path, b"tokenizer.chat_template", b"tokenizer.chat_nothings")
    model = smollm2(options={"weights": {"path": str(path)}})
    assert rendered(model, "The capital of France is") == "The capital of France is"


def test_a_template_that_knows_no_system_role_gets_none_and_its_refusals_are_told(tmp_path: Path) -> None:
    given = str(metadata(weights.weights_path(smollm2(), quiet=True))["tokenizer.chat_template"])
    strict = (
        "{% for m in messages %}{% if m.role == 'system' or (loop.first and m.role == 'assistant') %}"
        "{{ raise_exception('no') }}{% endif %}[{{ m.role }}] {{ m.content }}\n{% endfor %}I am a"
    )
    padded = strict + "{#" + "." * (len(given.encode()) - len(strict) - 4) + "#}"
    path = rewritten(tmp_path, given.encode(), padded.encode())
    model = smollm2(system="none", options={"weights": {"path": str(path)}})
    # llama.cpp itself moves a system message into the first user turn of such a template.
    system_told, plain = replies(asking(model, Message(role="system", text="S"), "Hi"), asking(model, "Hi"))
    assert plain.rendered == "[user] Hi\nI am a"
    assert system_told.rendered == "[user] S\nHi\nI am a"
    with pytest.raises(ProviderError, match="chat template of the weights refuses these messages"):
        reply(asking(model, Message(role="assistant", text="x"), "Hi"))


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([user("Once")], "Once"),
        ([Message(role="system", text="S"), user("Once")], "S\n\nOnce"),
        ([Message(role="system", text=""), user("Once")], "Once"),
        (
            [user("a"), Message(role="assistant", text="b"), user("c")],
            "User: a\n\nAssistant: b\n\nUser: c\n\nAssistant:",
        ),
    ],
)
def test_messages_as_plain_text(messages: Sequence[Message], text: str) -> None:
    assert plain_text(messages) == text


# --- sampling -----------------------------------------------------------------------------------


def test_with_one_slot_a_reply_depends_on_nothing_but_its_request() -> None:
    model = smollm2(slots=1)
    asked = [asking(model, text, tokens=12) for text in ("Who made you?", "Who?", "Tell me of the sea.")]
    forth = replies(*asked)
    back = replies(*reversed(asked))
    assert [answer.text for answer in forth] == [answer.text for answer in reversed(back)]


@pytest.mark.usefixtures("_running")
def test_a_seed_repeats_a_draw_and_samples_are_drawn_apart() -> None:
    warm = Sampling(max_tokens=12, temperature=1.0, seed=7)
    model = smollm2(slots=1)
    first, again, second = replies(
        *(asking(model, sampling=warm, sample=sample) for sample in (0, 0, 1)), one_by_one=True
    )
    assert first.text == again.text
    assert second.text != first.text


def test_samples_shift_the_seed_and_no_seed_is_left_to_the_endpoint() -> None:
    model = Model(alias="m", provider="local", model="m", params={"min_p": 0.1, "chat_template_kwargs": {}})
    seeded = asking(model, sampling=Sampling(seed=2**32 - 1, top_p=0.9, stop=("END",)), sample=2)
    body = body_of(seeded, "P", model)
    assert (body["prompt"], body["seed"], body["top_p"], body["stop"], body["min_p"]) == (
        "P",
        1,
        0.9,
        ["END"],
        0.1,
    )
    assert not {"seed", "top_p", "n_probs", "json_schema", "chat_template_kwargs"} & set(
        body_of(asking(model), "P", model)
    ) - {"chat_template_kwargs"}
    assert "chat_template_kwargs" not in body


@pytest.mark.usefixtures("_running")
def test_log_probabilities_come_when_they_are_wanted() -> None:
    plain, wanted = replies(asking(smollm2()), asking(smollm2(), logprobs=3))
    assert plain.logprobs is None
    assert wanted.logprobs is not None
    assert len(wanted.logprobs) == 6
    assert "".join(entry.token for entry in wanted.logprobs) == wanted.text
    first = wanted.logprobs[0]
    assert len(first.top) == 3
    assert first.top[0] == (first.token, first.logprob)
    assert first.logprob <= 0


@pytest.mark.usefixtures("_running")
def test_a_json_schema_shapes_the_reply() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"enum": [1, 2]}},
        "required": ["n"],
        "additionalProperties": False,
    }
    assert json.loads(reply(asking(smollm2(), tokens=20, json_schema=schema)).text)["n"] in (1, 2)


# --- trouble ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_running")
def test_a_prompt_beyond_the_context_is_told_in_tokens() -> None:
    with pytest.raises(
        ProviderError, match=r"the prompt has \d+ tokens, the context of a slot 256; raise 'context'"
    ):
        reply(asking(smollm2(), "word " * 400))


def test_a_reply_that_the_context_cuts_short_is_no_reply() -> None:
    model = smollm2(slots=1, params={"ignore_eos": True}, options={"context": 64})
    with pytest.raises(
        ProviderError, match=r"the context is full: a prompt of \d+ tokens left room for \d+ of 400"
    ):
        reply(asking(model, "Count.", tokens=400))


def test_images_are_refused_in_words() -> None:
    picture = Message(role="user", text="What is it?", images=(Image(media_type="image/png", data=b""),))
    with pytest.raises(ProviderError, match="asked in text only"):
        reply(asking(smollm2(), picture))


def completion(**fields: Any) -> bytes:
    told = {"content": "I am M.", "stop_type": "eos", "tokens_predicted": 3, "tokens_evaluated": 9}
    return json.dumps({**told, **fields}).encode()


ANY = Model(alias="m", provider="local", model="m")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"content": " \n"}, "an empty completion"),
        ({"content": "<think>I may be"}, "nothing but a thinking part"),
    ],
)
def test_an_empty_completion_is_no_reply(fields: dict[str, str], says: str) -> None:
    with pytest.raises(EmptyReply, match=says):
        reply_of(asking(ANY), "P", completion(**fields))


def test_a_thinking_part_that_the_prompt_opened_is_split_off() -> None:
    answer = reply_of(asking(ANY), "…<|assistant|><think>\n", completion(content="GPT?\n</think>\n\nI am M."))
    assert (answer.thinking, answer.text, answer.finish) == ("GPT?", "I am M.", "stop")


@pytest.mark.parametrize(
    ("text", "opened", "thinking", "answer"),
    [
        ("I am M.", False, None, "I am M."),
        ("<think>a</think>b", False, "a", "b"),
        ("\n<think>\na\n</think>\n\nb", False, "a", "b"),
        ("a</think>b", False, "a", "b"),
        ("a</think>b</think>c", False, "a", "b</think>c"),
        ("<think></think>b", False, "", "b"),
        ("<think>a", False, "a", ""),
        ("a", True, "a", ""),
        ("Tags are written <think>a</think>.", False, None, "Tags are written <think>a</think>."),
    ],
)
def test_the_thinking_part(text: str, opened: bool, thinking: str | None, answer: str) -> None:
    assert split_thinking(text, opened=opened) == (thinking, answer)


def test_error_responses_are_told_apart() -> None:
    busy = trouble_of("m", 503, b'{"error": {"message": "Loading model"}}')
    assert isinstance(busy, Transient)
    assert str(busy) == "m: the local server is not ready: Loading model"
    assert str(trouble_of("m", 500, b"<html>")) == "m: the local server answered 500: no reason given"


def test_a_misspelt_parameter_is_told_before_anything_runs() -> None:
    model = Model(alias="m", provider="local", model="m", params={"top_kk": 3}, options={"path": "a.gguf"})
    with pytest.raises(Refused, match=r"no parameter 'top_kk' for a card's params; did you mean 'top_k'\?"):
        providers.get("local").make(model)


def gguf(path: Path, version: int = 3, **values: str) -> Path:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    pairs = b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in values.items())
    array = text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    numbers = (
        text("scores") + struct.pack("<IIQ", 9, 6, 3) + bytes(12) + text("size") + struct.pack("<IQ", 10, 5)
    )
    count = struct.pack("<IQQ", version, 0, len(values) + 3)
    path.write_bytes(b"GGUF" + count + array + numbers + pairs)
    return path


def test_the_header_of_a_gguf_file_is_read_past_its_arrays(tmp_path: Path) -> None:
    assert metadata(gguf(tmp_path / "a.gguf", name="M")) == {"size": 5, "name": "M"}


@pytest.mark.parametrize("cut", range(4, 100, 7))
def test_a_header_that_is_cut_off_is_told(tmp_path: Path, cut: int) -> None:
    path = gguf(tmp_path / "a.gguf", name="M")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="damaged GGUF header"):
        metadata(path)


def test_another_gguf_version_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="GGUF version 9; versions 2 and 3 can be read"):
        metadata(gguf(tmp_path / "a.gguf", version=9))


def test_weights_that_llama_cpp_cannot_load_refuse_every_request_alike(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    smollm2()  # skips where llama.cpp is not here
    gguf(tmp_path / "a.gguf", name="M")
    model = Model(alias="m", provider="local", model="m", options={"path": "a.gguf"}, directory=str(tmp_path))

    async def ask_twice() -> list[BaseException]:
        provider = providers.get("local").make(model)
        told = await asyncio.gather(*(provider.send(asking(model)) for _ in "ab"), return_exceptions=True)
        await provider.aclose()
        return [error for error in told if isinstance(error, Refused)]

    errors = asyncio.run(ask_twice())
    assert len(errors) == 2
    assert "llama.cpp cannot load" in str(errors[0])
    assert capfd.readouterr() == ("", "")


def test_without_xllamacpp_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx")
    gguf(tmp_path / "a.gguf", name="M")
    model = Model(alias="m", provider="local", model="m", options={"path": "a.gguf"}, directory=str(tmp_path))
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(
        MissingExtra, match=r"needs xllamacpp\. Install it with: pip install 'distill-tests\[local\]'"
    ):
        reply(asking(model))


@pytest.mark.parametrize("library", ["xllamacpp", "httpx"])
def test_nothing_is_fetched_where_nothing_could_run_it(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, library, None)
    fetch = {"package": "none-such==1.0", "file": "a.gguf", "sha256": "0" * 64}
    model = Model(alias="m", provider="local", model="m", options={"weights": fetch}, directory=str(tmp_path))
    made: Any = providers.get("local").make
    made.prepare(model, quiet=True)
    with pytest.raises(MissingExtra, match=f"needs {library}"):
        reply(asking(model))
    assert list(tmp_path.iterdir()) == []


# --- servers ------------------------------------------------------------------------------------


def test_what_identifies_the_model_is_its_weights_and_not_how_they_are_run() -> None:
    one = providers.get("local").make(smollm2(slots=1))
    many = providers.get("local").make(smollm2(slots=8, options={"context": 512, "threads": 1}))
    assert one.identifies() == many.identifies()
    assert one.revision() == f"weights:{weights.weights_sha256(smollm2())}"
    assert providers.get("local").make(smollm2(system="none")).identifies() != one.identifies()


def test_cards_with_the_same_layout_share_a_server() -> None:
    layout = Layout(path=weights.weights_path(smollm2(), quiet=True), slots=1, context=64)
    first, second = acquire(layout), acquire(layout)
    assert first is second
    release(layout)
    assert acquire(layout) is first
    release(layout)
    release(layout)
    assert first.stopped


def test_closing_while_it_answers_does_not_hang() -> None:
    model = smollm2(params={"ignore_eos": True}, options={"context": 2048})

    async def close_at_once() -> object:
        provider = providers.get("local").make(model)
        await provider.send(asking(model, tokens=1))
        task = asyncio.ensure_future(provider.send(asking(model, tokens=2000)))
        await asyncio.wait([task], timeout=0.2)  # and thousands of tokens are not all said when it closes
        await provider.aclose()
        return (await asyncio.gather(task, return_exceptions=True))[0]

    assert isinstance(asyncio.run(close_at_once()), (asyncio.CancelledError, Transient))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.usefixtures("_running")
def test_a_forked_child_is_refused_in_words() -> None:
    layout = Layout(path=weights.weights_path(smollm2(), quiet=True).resolve(), slots=2, context=256)
    child = os.fork()
    if child == 0:
        try:
            acquire(layout)
        except Refused:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


LEAVING = """
import asyncio, contextlib, threading
from distill_tests.registry import providers
from tests.test_providers_local import asking, smollm2

model = smollm2(params={"ignore_eos": True})
provider = providers.get("local").make(model)
answered = threading.Event()

async def ask():
    await provider.send(asking(model, tokens=1))
    asyncio.get_running_loop().call_later(0.1, answered.set)
    with contextlib.suppress(asyncio.CancelledError):
        await provider.send(asking(model, tokens=200))

threading.Thread(target=lambda: asyncio.run(ask()), daemon=True).start()
answered.wait()
"""


def test_a_process_that_ends_while_it_answers_ends_silently() -> None:
    smollm2()
    done = subprocess.run(
        [sys.executable, "-c", LEAVING],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
