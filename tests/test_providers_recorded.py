"""The recorded provider: rows read exactly, every bad one named, prompts looked up by their text."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import DataError, EmptyReply, ProviderError
from distill_tests.providers._transcripts import sent_text
from distill_tests.registry import providers
from distill_tests.types import Message, Model, Request, Sampling, Usage

TEMPLATE, QUERY = "Play a narrator. {query} And again: {query}", "Who made you?"


def card(path: Path, *, form: str = "jsonl", **transcripts: str | int) -> Model:
    options = {"transcripts": {"format": form, "path": path.name, **transcripts}}
    return Model(alias="m", provider="recorded", model="m", options=options, directory=str(path.parent))


def made(model: Model) -> Any:
    return providers.get("recorded").make(model)


def write(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def asking(model: Model, *turns: str, sample: int = 0, system: str | None = None) -> Request:
    messages = [Message(role="system", text=system)] if system is not None else []
    for number, turn in enumerate(turns):
        messages += [Message(role="assistant", text="said")] if number else []
        messages.append(Message(role="user", text=turn))
    return Request(model=model, messages=tuple(messages), sampling=Sampling(), sample=sample)


def jailbreak(**changes: Any) -> dict[str, Any]:
    row = {
        "jailbreak_prompt": TEMPLATE,
        "query": QUERY,
        "target_responses": ["I am M."],
        "eval_results": False,
    }
    return {**row, **changes}


# --- our own rows -------------------------------------------------------------------------------


def test_a_row_is_read_with_all_it_knows(tmp_path: Path) -> None:
    known = {
        "id": "r1",
        "question": QUERY,
        "framing": "plain",
        "question_id": "maker-en",
        "framing_id": "plain",
        "language": "en",
    }
    row = {"prompt": "Who made you?", "reply": "A did.", "verdicts": {"loose": True, "strict": None}, **known}
    (read,) = made(card(write(tmp_path / "t.jsonl", "", row))).rows()
    assert (read.prompt, read.reply, read.line) == ("Who made you?", "A did.", 2)
    assert read.meta == known
    assert read.verdicts == {"loose": True, "strict": None}


def test_a_file_of_responses_is_a_recording(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.jsonl",
        {"id": "p1", "prompt": "Who?", "response": "I."},
        {"id": 2, "prompt": "What?", "response": None},
        {"prompt": "Where?", "response": "Here.", "generator": "m"},
    )
    model = card(path, form="responses")
    rows = made(model).rows()
    assert [(row.prompt, row.reply, dict(row.meta)) for row in rows] == [
        ("Who?", "I.", {"id": "p1"}),
        ("What?", "", {"id": "2"}),
        ("Where?", "Here.", {}),
    ]
    assert asyncio.run(made(model).send(asking(model, "Who?"))).text == "I."
    with pytest.raises(EmptyReply, match="the recorded reply is empty"):
        asyncio.run(made(model).send(asking(model, "What?")))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a", "prompt": "Who?"}, "'response' is missing; null where there was none"),
        ({"id": "a", "prompt": "Who?", "response": 3}, "'response' is a text (got a number)"),
        ({"id": "a", "response": "I."}, "'prompt' is missing"),
        (
            {"id": [], "prompt": "Who?", "response": "I."},
            "'id' is a text or a whole number (got a list of 0)",
        ),
    ],
)
def test_a_row_that_is_no_response_is_named(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "m.jsonl", {"prompt": "A", "response": "B"}, row)
    with pytest.raises(DataError) as refused:
        made(card(path, form="responses")).rows()
    assert f"m.jsonl:2: {said}" in str(refused.value)


def test_the_same_rows_come_out_of_a_gzip_file(tmp_path: Path) -> None:
    row = {"prompt": "你是谁？", "reply": "我是 M。"}
    plain = write(tmp_path / "t.jsonl", row)
    packed = tmp_path / "t.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert made(card(packed)).rows() == made(card(plain)).rows()


def test_the_reply_comes_with_its_receipts(tmp_path: Path) -> None:
    row = {
        "prompt": "a",
        "reply": "b",
        "finish": "length",
        "served_model": "m-0919",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    model = card(write(tmp_path / "t.jsonl", row))
    reply = asyncio.run(made(model).send(asking(model, "a")))
    assert (reply.text, reply.finish, reply.served_model) == ("b", "length", "m-0919")
    assert reply.usage == Usage(input_tokens=1, output_tokens=2)
    assert reply.response_id == "t.jsonl:1"


def test_a_prompt_is_found_by_the_exact_text_of_the_user_turns_whatever_the_system_message(
    tmp_path: Path,
) -> None:
    dialogue = [
        {"role": "user", "text": "a"},
        {"role": "assistant", "text": "x"},
        {"role": "user", "text": "b"},
    ]
    path = write(tmp_path / "t.jsonl", {"prompt": "a", "reply": "1"}, {"messages": dialogue, "reply": "2"})
    model = card(path)
    provider = made(model)
    assert asyncio.run(provider.send(asking(model, "a", system="be kind"))).text == "1"
    assert asyncio.run(provider.send(asking(model, "a", "b"))).text == "2"
    assert not provider.holds(asking(model, "a "))
    assert not provider.holds(asking(model, "A"))


def test_replies_to_a_repeated_prompt_are_its_samples_and_no_reply_serves_twice(tmp_path: Path) -> None:
    model = card(write(tmp_path / "t.jsonl", {"prompt": "a", "reply": "1"}, {"prompt": "a", "reply": "2"}))
    provider = made(model)
    assert [asyncio.run(provider.send(asking(model, "a", sample=n))).text for n in (0, 1)] == ["1", "2"]
    assert [provider.holds(asking(model, "a", sample=n)) for n in (0, 1, 2)] == [True, True, False]
    with pytest.raises(ProviderError, match=r"has 2 replies to 'a', sample 3 was asked for; set repeats: 2"):
        asyncio.run(provider.send(asking(model, "a", sample=2)))


def test_a_prompt_that_was_not_recorded_is_named(tmp_path: Path) -> None:
    model = card(write(tmp_path / "t.jsonl", {"prompt": "a", "reply": "1"}))
    with pytest.raises(ProviderError, match=r"^m: t\.jsonl has no reply to 'Who\?'$"):
        asyncio.run(made(model).send(asking(model, "Who?")))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"reply": "", "finish": "content_filter"}, "is empty"),
        ({"reply": "<think>hm</think>\n"}, "thinking part only"),
    ],
)
def test_a_recorded_call_without_an_answer_is_no_answer(
    tmp_path: Path, row: dict[str, str], says: str
) -> None:
    model = card(write(tmp_path / "t.jsonl", {"prompt": "a", **row}))
    with pytest.raises(EmptyReply, match=says):
        asyncio.run(made(model).send(asking(model, "a")))


def test_the_thinking_part_is_split_off(tmp_path: Path) -> None:
    model = card(write(tmp_path / "t.jsonl", {"prompt": "a", "reply": "I may be GPT.\n</think>\n\nI am M."}))
    reply = asyncio.run(made(model).send(asking(model, "a")))
    assert (reply.text, reply.thinking) == ("I am M.", "I may be GPT.")


def test_other_transcripts_are_another_model_under_the_same_name(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", {"prompt": "a", "reply": "1"})
    before = made(card(path)).identifies()
    write(path, {"prompt": "a", "reply": "other"})
    assert made(card(path)).identifies() != before
    assert made(card(path)).rows()[0].reply == "other"


# --- EasyJailbreak ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("Say: {query}", "Say: Who?"),
        ("{query} {query}", "Who? Who?"),
        ("No place.", "No place.Who?"),
        ("{Query} {0}", "{Query} {0}Who?"),
    ],
)
def test_what_was_sent_is_rebuilt_as_the_released_code_built_it(template: str, sent: str) -> None:
    assert sent_text(template, "Who?") == sent


def test_a_result_row_gives_prompt_reply_and_the_published_verdict(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", jailbreak(), jailbreak(query="你是谁？", eval_results=True))
    first, second = made(card(path, form="easyjailbreak")).rows()
    assert first.prompt == f"Play a narrator. {QUERY} And again: {QUERY}"
    assert first.meta == {"question": QUERY, "framing": TEMPLATE}
    assert (first.verdicts, second.verdicts) == ({"loose": False}, {"loose": True})


def test_rows_of_the_strict_csv_are_strict_and_the_others_are_not(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl", jailbreak(query="a", eval_results=True), jailbreak(query="b", eval_results=True)
    )
    (tmp_path / "s.csv").write_text(f'jailbreak_prompt,query,target_responses\n"{TEMPLATE}",b,"[\'x\']"\n')
    rows = made(card(path, form="easyjailbreak", strict="s.csv")).rows()
    assert [row.verdicts["strict"] for row in rows] == [False, True]


def test_the_word_for_a_failed_call_is_marked(tmp_path: Path) -> None:
    model = card(
        write(tmp_path / "r.jsonl", jailbreak(target_responses=["reject to respond"])), form="easyjailbreak"
    )
    prompt = made(model).rows()[0].prompt
    assert asyncio.run(made(model).send(asking(model, prompt))).finish == "call_failed"


# --- what is wrong with a file ------------------------------------------------------------------


BAD_ROWS = [
    ('{"prompt": "a"', "not JSON"),
    ("[]", "a row is an object, this is a list of 0"),
    ('{"prompt": "a"}', "'reply' is missing"),
    ('{"prompt": "a", "reply": null}', "'reply' is a text (got null)"),
    ('{"prompt": 5, "reply": "b"}', "'prompt' is a text (got a number)"),
    ('{"prompt": "a", "reply": ""}', "'reply' is empty"),
    ('{"prompt": "a", "reply": " \\u200b\\n", "finish": "stop"}', "'reply' holds nothing that can be seen"),
    ('{"prompt": "a", "reply": "b"}', "the same row as line 1; repeats that are meant need an id each"),
    ('{"reply": "b"}', "give 'prompt' or 'messages', one of them"),
    ('{"prompt": "a", "messages": [], "reply": "b"}', "give 'prompt' or 'messages', one of them"),
    ('{"messages": "a", "reply": "b"}', "'messages' is a list of {role, text}"),
    ('{"messages": [{"role": "tool", "text": ""}], "reply": "b"}', "role is system, user or assistant"),
    ('{"messages": [{"role": "assistant", "text": "a"}], "reply": "b"}', "ends with the user's turn"),
    ('{"prompt": "a", "reply": "b", "verdicts": []}', "'verdicts' is an object"),
    ('{"prompt": "a", "reply": "b", "verdicts": {"loose": "yes"}}', "verdict 'loose' is true, false or null"),
    (
        '{"prompt": "a", "reply": "b", "usage": {"input_tokens": 1}}',
        "'usage' is {input_tokens, output_tokens}",
    ),
    ('{"prompt": "a", "reply": "\\ud800"}', "half of a surrogate pair"),
    ("[" * 100_000, "not JSON"),
]


def test_every_bad_row_is_named_with_its_line_all_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", {"prompt": "a", "reply": "b"}, *[line for line, _ in BAD_ROWS])
    with pytest.raises(DataError) as caught:
        made(card(path)).rows()
    told = str(caught.value).splitlines()
    assert len(told) == len(BAD_ROWS)
    for number, (line, (_, says)) in enumerate(zip(told, BAD_ROWS, strict=True), start=2):
        assert line.startswith(f"{path}:{number}: ")
        assert says in line


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target_responses": []}, "'target_responses' is a list of one text (got a list of 0)"),
        ({"target_responses": ["a", "b"]}, "(got a list of 2)"),
        ({"target_responses": "a"}, "(got a text)"),
        ({"target_responses": [None]}, "'target_responses[0]' is a text (got null)"),
        ({"target_responses": None}, "'target_responses' is a list of one text (got null)"),
        ({"target_responses": [""]}, "'target_responses[0]' is empty"),
        ({"eval_results": "maybe"}, "'eval_results' is true or false (got 'maybe')"),
        ({"query": None}, "'query' is a text (got null)"),
    ],
)
def test_a_bad_result_row_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = write(tmp_path / "r.jsonl", jailbreak(**change))
    with pytest.raises(DataError) as caught:
        made(card(path, form="easyjailbreak")).rows()
    assert str(caught.value).startswith(f"{path}:1: ")
    assert says in str(caught.value)


GOOD = [{"prompt": f"Who? {number}", "reply": "I am M."} for number in range(4)]
MIXED: list[dict[str, Any] | bytes] = [
    GOOD[0],
    {"prompt": "Who? x", "reply": None},
    {"id": "a", **GOOD[1]},
    '{"prompt": "谁？", "reply": "我"}'.encode("gb18030"),
    {"id": "a", "prompt": "Who? y", "reply": "I am M."},
    GOOD[0],
    {"prompt": "Who? z", "reply": ""},
    GOOD[2],
]
WRONG = {
    2: "'reply' is a text (got null)",
    4: "not UTF-8 at byte 15 of the line",
    5: "id 'a' was already used on line 3",
    6: "the same row as line 1; repeats that are meant need an id each",
    7: "'reply' is empty",
}


def mixed(path: Path) -> Path:
    rows = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in MIXED]
    path.write_bytes(b"\n".join(rows) + b"\n")
    return path


def test_a_file_with_bad_rows_is_used_only_where_the_card_allows_as_many(tmp_path: Path) -> None:
    path = mixed(tmp_path / "t.jsonl")
    for allowed in (0, 4):
        with pytest.raises(DataError) as caught:
            made(card(path, max_bad_rows=allowed)).rows()
        told = str(caught.value).splitlines()
        assert told[:5] == [f"{path}:{line}: {what}" for line, what in WRONG.items()]
        assert told[5:] == ([f"{path}: 5 bad rows, and max_bad_rows is 4"] if allowed else [])
    assert [row.line for row in made(card(path, max_bad_rows=5)).rows()] == [1, 3, 8]


def test_rows_that_were_left_out_are_counted_and_named(tmp_path: Path) -> None:
    path = mixed(tmp_path / "t.jsonl")
    head, *named = made(card(path, max_bad_rows=9)).left_out()
    assert head == f"5 of 8 rows of {path} cannot be used and were left out"
    assert named == [f"{path}:{line}:1: {what}" for line, what in WRONG.items()]
    good = write(tmp_path / "good.jsonl", *GOOD)
    assert made(card(good, max_bad_rows=9)).left_out() == ()


def test_a_row_that_was_left_out_is_no_reply(tmp_path: Path) -> None:
    model = card(mixed(tmp_path / "t.jsonl"), max_bad_rows=5)
    with pytest.raises(ProviderError, match=r"has no reply to 'Who\? z'"):
        asyncio.run(made(model).send(asking(model, "Who? z")))
    assert asyncio.run(made(model).send(asking(model, "Who? 2"))).text == "I am M."


def test_the_same_reply_twice_is_no_duplicate_where_ids_tell_them_apart(tmp_path: Path) -> None:
    rows = [{"id": f"draw-{number}", "prompt": "Who?", "reply": "I am M."} for number in range(3)]
    model = card(write(tmp_path / "t.jsonl", *rows))
    assert asyncio.run(made(model).send(asking(model, "Who?", sample=2))).text == "I am M."


def test_another_encoding_of_the_whole_file_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"prompt": "a", "reply": "b"}\n' * 3, encoding="utf-16")
    with pytest.raises(DataError, match=r"t\.jsonl:1: the file is UTF-16; write it as UTF-8$"):
        made(card(tmp_path / "t.jsonl", max_bad_rows=9)).rows()


def test_thousands_of_bad_rows_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", *["{}"] * 5000)
    with pytest.raises(DataError, match="and 4950 more rows like these"):
        made(card(path)).rows()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.jsonl", b'{"prompt": "\xff", "reply": "b"}', r"t\.jsonl:1: not UTF-8 at byte 13"),
        ("t.jsonl.gz", b"not gzip", r"t\.jsonl\.gz: not a whole gzip file"),
        (
            "t.jsonl.gz",
            gzip.compress(b'{"prompt": "a", "reply": "b"}' * 99, mtime=0)[:-9],
            "not a whole gzip file",
        ),
    ],
)
def test_bytes_that_are_no_transcript_are_told(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        made(card(tmp_path / name)).rows()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'\xef\xbb\xbf{"prompt": "a", "reply": "b"}\r\n\r\n')
    assert len(made(card(tmp_path / "t.jsonl")).rows()) == 1


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.jsonl: cannot be read: No such file"):
        made(card(tmp_path / "no.jsonl")).rows()
    path = write(tmp_path / "r.jsonl", jailbreak())
    with pytest.raises(DataError, match=r"no\.csv: cannot be read: No such file"):
        made(card(path, form="easyjailbreak", strict="no.csv")).rows()


def test_a_csv_without_the_columns_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", jailbreak())
    (tmp_path / "s.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"s\.csv:1: no column jailbreak_prompt and no column query"):
        made(card(path, form="easyjailbreak", strict="s.csv")).rows()


# --- the published files ------------------------------------------------------------------------

PUBLISHED = [  # file, strict file, loose, strict: of 1,000; the scores in the paper's main figure
    ("gpt_GPT_deepseek-chat.jsonl", "GPT_deepseek-chat_0.22.csv", 339, 219),
    ("gpt_GPT_glm-4-plus.jsonl", "GPT_glm-4-plus_0.30.csv", 418, 297),
    ("gpt_GPT_gemini-2.0-flash-exp.jsonl", "GPT_gemini-2.0-flash_0.035.csv", 240, 35),
    ("gpt_GPT_llama3.1-70b-instruct.jsonl", "GPT_llama-3.1-70b-instruct_0.1.csv", 313, 97),
    ("gpt_GPT_claude-3-5-sonnet-20241022.jsonl", "GPT_claude-3-5-sonnet-20241022_0.01.csv", 7, 2),
    ("gpt_GPT_qwen2.5-72b.jsonl", "GPT_qwen2.5-72b_0.211.csv", 529, 211),
    ("gpt_GPT_qwen2.5-7b-instruct.jsonl", "GPT_qwen2.5-7b-instruct_0.001.csv", 170, 1),
]


@pytest.mark.parametrize(("file", "strict_file", "loose", "strict"), PUBLISHED)
def test_the_published_verdicts_come_out_exactly(
    file: str, strict_file: str, loose: int, strict: int
) -> None:
    data = os.environ.get("DISTILL_TESTS_DATA")
    if not data:
        pytest.skip("the published transcripts are not here: set DISTILL_TESTS_DATA")
    ice = Path(data) / "ice"
    model = card(
        ice / "attack_result" / file, form="easyjailbreak", strict=str(ice / "strict_score" / strict_file)
    )
    rows = made(model).rows()
    assert len(rows) == len({row.prompt for row in rows}) == 1000
    assert sum(row.verdicts["loose"] is True for row in rows) == loose
    assert sum(row.verdicts["strict"] is True for row in rows) == strict
