"""Prompt sets: the published formats, what is wrong with rows, and draws that are the same everywhere."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.errors import BadRows, DataError
from distill_tests.prompts import Prompt, PromptSet, Source, prompt_sets
from distill_tests.prompts.drawing import Draw
from distill_tests.prompts.formats import language_of
from distill_tests.prompts.reading import rows

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str | bytes | Iterable[Any], name: str = "p.jsonl") -> Path:
        path = tmp_path / name
        if isinstance(text, bytes):
            path.write_bytes(text)
        elif isinstance(text, str):
            path.write_text(text, encoding="utf-8")
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in text), encoding="utf-8")
        return path

    return written


def one_set(path: Path, **given: Any) -> PromptSet:
    (found,) = prompt_sets(Source(path=path, **given), seed=7)
    return found


def turns_of(path: Path, **given: Any) -> dict[str, tuple[str, ...]]:
    return {prompt.id: prompt.turns for prompt in one_set(path, **given).prompts}


def faults(path: Path, **given: Any) -> list[str]:
    with pytest.raises(BadRows) as caught:
        prompt_sets(Source(path=path, **given), seed=7)
    return [str(one).replace(str(path), path.name) for one in caught.value.problems]


# --- formats ------------------------------------------------------------------------------------


def test_our_own_rows_have_a_prompt_or_turns_and_may_name_set_and_language(write: Write) -> None:
    path = write(
        [
            {"id": "a", "prompt": "Name a river.", "set": "short"},
            {"id": 2, "turns": ["Name a lake.", "And a deeper one?"], "set": "chat", "language": "en"},
            {"id": "c", "prompt": "说出一条河。", "set": "short"},
        ]
    )
    found = {one.name: one for one in prompt_sets(Source(path=path), seed=7)}
    assert {name: {p.id: p.turns for p in one.prompts} for name, one in found.items()} == {
        "short": {"a": ("Name a river.",), "c": ("说出一条河。",)},
        "chat": {"2": ("Name a lake.", "And a deeper one?")},
    }
    assert {p.id: p.language for p in found["short"].prompts} == {"a": "en", "c": "zh"}
    assert [(p.place.line, p.place.column) for p in found["chat"].prompts] == [(2, 1)]


def test_rows_of_one_id_in_two_languages_are_twins_of_one_cluster(write: Write) -> None:
    path = write([{"id": "a", "prompt": "Hello?"}, {"id": "a", "prompt": "你好？"}])
    assert [(p.id, p.language, p.cluster) for p in one_set(path).prompts] == [
        ("a", "en", "a"),
        ("a", "zh", "a"),
    ]


def test_arena_hard_questions_of_both_editions_are_read(write: Write) -> None:
    old = {
        "question_id": "q1",
        "category": "arena-hard-v0.1",
        "cluster": "Words",
        "turns": [{"content": "Spell it."}],
    }
    new = {"uid": "u1", "category": "hard_prompt", "subcategory": "coding", "prompt": "Sort it."}
    assert turns_of(write([old, new]), format="arena-hard", set="arena") == {
        "q1": ("Spell it.",),
        "u1": ("Sort it.",),
    }


NUMINA = [
    {"source": "made_up", "problem": "What is 2 + 2?", "solution": "4", "messages": "not looked at"},
    {"source": "made_up", "problem": "What is 3 - 1,\nand why?", "solution": '2, "since"'},
    {"source": "made_up", "problem": "What is 2 + 2?", "solution": "four"},
]


def as_csv(given: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["source", "problem", "solution", "messages"])
    writer.writeheader()
    writer.writerows(given)
    return text.getvalue()


@pytest.mark.parametrize("name", ["n.jsonl", "n.json", "n.csv", "n.csv.gz", "n.json.gz"])
def test_numina_rows_come_out_the_same_from_lines_a_list_and_csv(write: Write, name: str) -> None:
    if ".csv" in name:
        text = as_csv(NUMINA)
    elif name.endswith((".json", ".json.gz")):
        text = json.dumps(NUMINA, indent=1)
    else:
        text = "".join(json.dumps(row) + "\n" for row in NUMINA)
    path = write(gzip.compress(text.encode()) if name.endswith(".gz") else text, name)
    found = one_set(path, format="numina", set="math")
    assert {p.turns for p in found.prompts} == {("What is 2 + 2?",), ("What is 3 - 1,\nand why?",)}
    # A problem that stands there twice is asked twice, and counts as one cluster.
    assert (found.usable, len({p.id for p in found.prompts}), len({p.cluster for p in found.prompts})) == (
        3,
        3,
        2,
    )
    assert sorted(p.id for p in found.prompts) == ["p-5f5a7c807d4f", "p-643b33561b99", "p-643b33561b99-2"]


def test_of_sharegpt_conversations_only_the_human_turns_are_asked(write: Write) -> None:
    said = [("human", "Hi, plan a day."), ("gpt", "Walk."), ("human", "Shorter?"), ("gpt", "Nap.")]
    whole = {"id": "x7", "conversations": [{"from": who, "value": text} for who, text in said]}
    part = {
        "id": "x7_2",
        "conversations": [{"from": "gpt", "value": "…"}, {"from": "human", "value": "And?"}],
    }
    path = write(json.dumps([whole, part]), "chat.json")
    found = one_set(path, format="sharegpt", set="chat")
    assert {p.id: p.turns for p in found.prompts} == {
        "x7": ("Hi, plan a day.", "Shorter?"),
        "x7_2": ("And?",),
    }
    assert {p.cluster for p in found.prompts} == {"x7"}
    assert turns_of(path, format="sharegpt", set="chat", max_turns=1)["x7"] == ("Hi, plan a day.",)


# --- what cannot be used ------------------------------------------------------------------------

BAD = {
    '{"id": "a"}': "the row has neither 'prompt' nor 'turns'; give one of them",
    '{"id": "a", "prompt": "x", "turns": ["y"]}': "the row has both 'prompt' and 'turns'; give one of them",
    '{"id": "a", "prompt": ""}': "'prompt' is empty",
    '{"id": "a", "prompt": " \\u200b\\n"}': "'prompt' holds nothing that can be seen",
    '{"id": "a", "prompt": 5}': "'prompt' is a text (got a number)",
    '{"id": "a", "prompt": "\\ud800"}': "'prompt' is not UTF-8, or holds half of a surrogate pair",
    '{"id": "a", "turns": []}': "'turns' is empty",
    '{"id": "a", "turns": ["x", null]}': "'turns[1]' is a text (got null)",
    '{"id": "a", "turns": "x"}': "'turns' is a list of texts (got a text)",
    '{"prompt": "x"}': "'id' is a text or a whole number (got nothing)",
    '{"id": true, "prompt": "x"}': "'id' is a text or a whole number (got a truth value)",
    '{"id": " ", "prompt": "x"}': "'id' is a text or a whole number (got an empty text)",
    '{"id": "a", "prompt": "x", "set": "a b"}': "'set' is a name of letters, digits, '-' and '_', at most 40 "
    "(got 'a b')",
    '["a"]': "a row is an object, this is a list",
    '{"id": "a"': "not JSON: Expecting ',' delimiter at column 11",
    '{"id": "b", "prompt": "again"}': "id 'b' was already used on line 1 (in en; twins say their language)",
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_is_named_with_its_line(write: Write, row: str) -> None:
    path = write('{"id": "b", "prompt": "fine"}\n\n' + row + "\n")
    assert faults(path) == [f"p.jsonl:3:1: {BAD[row]}"]


def test_an_id_given_twice_is_named_where_a_list_has_all_its_rows_on_one_line(write: Write) -> None:
    listed = [{"id": name, "prompt": "Why?", "language": "en"} for name in ("a", "b", "a")]
    path = write(json.dumps(listed), "p.json")
    assert faults(path, size=1) == ["p.json:1:1: id 'a' was already used on line 1"]
    assert one_set(path, max_bad_rows=1).usable == 2


def test_all_bad_rows_are_named_at_once_and_those_tolerated_are_counted(write: Write) -> None:
    path = write([{"id": "a", "prompt": ""}, {"id": "b", "prompt": "fine"}, {"id": "c"}])
    assert [fault.split(": ")[0] for fault in faults(path)] == ["p.jsonl:1:1", "p.jsonl:3:1"]
    assert [fault.split(": ")[0] for fault in faults(path, max_bad_rows=1)][:2] == [
        "p.jsonl:1:1",
        "p.jsonl:3:1",
    ]
    assert faults(path, max_bad_rows=1)[2].endswith("2 bad rows, and max_bad_rows is 1")
    found = one_set(path, max_bad_rows=2)
    assert ([p.id for p in found.prompts], found.left_out) == (["b"], 2)


def test_of_very_many_bad_rows_the_first_are_named_and_the_others_counted(write: Write) -> None:
    told = faults(write([{"id": number} for number in range(60)]))
    assert (len(told), told[-1]) == (51, "p.jsonl:50:1: and 10 more rows like these")
    told = faults(write("x\n" * 10_100, "q.jsonl"))
    assert told[-1] == "q.jsonl:50:1: more than 10,000 bad rows; not read any further"


SHAREGPT_BAD = {
    "{}": "'conversations' is a list of {from, value}",
    '{"id": "x", "conversations": []}': "the conversation has no turn of a human",
    '{"conversations": [{"from": "bob", "value": "x"}]}': "a turn is from human or gpt (got 'bob')",
    '{"conversations": [{"from": "human"}]}': "'value' is missing",
}


@pytest.mark.parametrize("row", SHAREGPT_BAD)
def test_a_bad_conversation_is_named_with_its_line(write: Write, row: str) -> None:
    fine = '{"conversations": [{"from": "human", "value": "Hi"}]}'
    path = write(f"[{fine},\n{fine},\n{row}]", "c.json")
    assert faults(path, format="sharegpt") == [f"c.json:3:1: {SHAREGPT_BAD[row]}"]


BROKEN = {
    '[{"id": "a", "prompt": "x"}': "the list does not end",
    '[{"id": "a", "prompt": "x"} {"id": "b"}]': "a comma or the list's end is missing",
    '[{"id": "a", "prompt": "x"}] more': "the file goes on after its list",
    '[\n{"id": "a",\n "prompt" "x"}]': "Expecting ':' delimiter",
    "[1": "the list does not end",
    '[{"id": "a", "prompt": "x"},]': "Expecting value",
    "[": "Expecting value",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_list_that_is_broken_is_named_where_it_breaks(write: Write, text: str) -> None:
    with pytest.raises(
        DataError, match=f"p.json:{3 if text.count(chr(10)) else 1}: not JSON: {BROKEN[text]}"
    ):
        prompt_sets(Source(path=write(text, "p.json")), seed=7)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "e.jsonl", "holds no row"),
        (b"\xff\xfea\x00", "u.jsonl", "UTF-16"),
        (b"PAR1", "n.parquet", "Parquet is not read; write it as JSON lines or CSV"),
        (b"\x1f\x8bbroken", "g.jsonl.gz", "not a whole gzip file"),
        (b'["\xff"]', "l.json", "l.json:1: not UTF-8"),
        (b"problem,problem\nx,y\n", "d.csv", "two columns have one name"),
        (b'problem\n"x', "o.csv", "not a CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(write: Write, content: bytes, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        prompt_sets(Source(path=write(content, name), format="numina"), seed=7)


def test_a_folder_is_no_file_of_prompts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        prompt_sets(Source(path=tmp_path), seed=7)


def test_a_csv_record_of_another_length_or_encoding_is_named_where_it_starts(write: Write) -> None:
    path = write(b'problem,source\n"two\nlines",a\nshort\nc\xff,b\n', "n.csv")
    assert faults(path, format="numina") == [
        "n.csv:4:1: a record has 2 fields, as the first line has",
        "n.csv:5:1: 'problem' is not UTF-8, or holds half of a surrogate pair",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_row(write: Write) -> None:
    assert turns_of(write(b'\xef\xbb\xbf{"id": "a", "prompt": "x"}')) == {"a": ("x",)}
    assert turns_of(write(b'\xef\xbb\xbf[{"id": "a", "prompt": "x"}]', "l.json")) == {"a": ("x",)}
    assert set(turns_of(write(b"\xef\xbb\xbfproblem\nx\n", "c.csv"), format="numina").values()) == {("x",)}


# --- drawing ------------------------------------------------------------------------------------


def prompts(count: int) -> list[dict[str, str]]:
    return [{"id": f"q{number}", "prompt": f"Say {number}."} for number in range(count)]


def test_the_draw_is_this_one_on_every_machine(write: Write) -> None:
    assert [p.id for p in one_set(write(prompts(100)), size=5).prompts] == ["q38", "q18", "q28", "q47", "q8"]


@given(st.integers(0, 2**32), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_does_not_change_the_draw(seed: int, size: int) -> None:
    names = [f"q{number}" for number in range(30)]
    mixed = random.Random(seed).sample(names, len(names))
    drawn = []
    for order in (names, mixed):
        draw: Draw[str] = Draw("s", size=size, seed=seed)
        for name in order:
            draw.offer(name, "en", name)
        drawn.append(draw.drawn())
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == size


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_languages_get_their_share_of_the_sample(counts: list[int], seed: int) -> None:
    total = sum(counts)
    size = max(1, total // 2)
    draw: Draw[str] = Draw("s", size=size, seed=seed)
    for language, count in enumerate(counts):
        for number in range(count):
            draw.offer(str(number), str(language), str(language))
    found = Counter(draw.drawn())
    assert found.total() == size
    assert all(abs(found[str(name)] - size * count / total) < 1 for name, count in enumerate(counts))


def test_over_seeds_every_prompt_is_drawn_equally_often() -> None:
    counts: Counter[int] = Counter()
    for seed in range(2000):
        draw: Draw[int] = Draw("s", size=3, seed=seed)
        for number in range(12):
            draw.offer(f"q{number}", "en", number)
        counts.update(draw.drawn())
    # Expected 500 each, standard deviation 19.
    assert min(counts.values()) > 400
    assert max(counts.values()) < 600


def test_of_a_set_that_is_not_wanted_nothing_is_drawn_but_it_is_known(write: Write) -> None:
    path = write([{"id": "a", "prompt": "x", "set": "one"}, {"id": "b", "prompt": "y", "set": "two"}])
    found = prompt_sets(Source(path=path, sets=("two",)), seed=7)
    assert [(one.name, one.usable, len(one.prompts)) for one in found] == [("one", 1, 0), ("two", 1, 1)]


def test_languages_that_are_not_wanted_are_passed_over(write: Write) -> None:
    path = write(
        [{"id": "a", "prompt": "x"}, {"id": "b", "prompt": "你好"}, {"id": "c", "prompt": "こんにちは"}]
    )
    assert [p.id for p in one_set(path, languages=("zh", "ja")).prompts] == ["c", "b"]


def test_a_large_file_is_drawn_from_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(10_000):
            row = {
                "id": str(number),
                "conversations": [{"from": "human", "value": f"{number} " + "word " * 250}],
            }
            file.write(("," if number else "") + json.dumps(row) + "\n")
        file.write("]")
    assert path.stat().st_size > 12_000_000
    tracemalloc.start()
    found = one_set(path, format="sharegpt", size=10)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(found.prompts), found.usable) == (10, 10_000)
    assert most < 6_000_000


@given(st.lists(st.text(max_size=30), max_size=20))
@settings(max_examples=50, deadline=None)
def test_rows_of_a_list_and_of_lines_are_those_that_were_written(
    tmp_path_factory: Any, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "r.json"
    wanted = [{"text": text} for text in texts]
    for text in (json.dumps(wanted), json.dumps(wanted, indent=2, ensure_ascii=False)):
        path.write_text(text, encoding="utf-8")
        assert [row.value for row in rows(path)] == wanted
    path.write_text("\n".join(map(json.dumps, wanted)), encoding="utf-8")
    assert [row.value for row in rows(path)] == wanted


def test_a_row_longer_than_a_part_of_the_file_is_read_whole(write: Write) -> None:
    long = "long " * 200_000
    path = write(json.dumps([{"id": "a", "prompt": "x"}, {"id": "b", "prompt": long}]), "l.json")
    assert turns_of(path)["b"] == (long,)


def test_prompt_content_is_what_is_sent(write: Write) -> None:
    (prompt,) = one_set(write([{"id": "a", "prompt": "x"}])).prompts
    assert isinstance(prompt, Prompt)
    assert prompt.content() == {"set": "prompts", "language": "en", "turns": ["x"]}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Привет, как дела?", "und"),
        ("مرحبا", "und"),
        ("Où est-il déjà ?", "en"),
        ("Find α and β in the set.", "en"),
        ("5 + 5 = ?", "en"),
        ("你好 hello", "zh"),
    ],
)
def test_a_script_that_is_neither_latin_nor_known_is_no_english(text: str, language: str) -> None:
    assert language_of(text) == language
