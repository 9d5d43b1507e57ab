"""Exams read from folders and files: what an item is, and every way in which a file can be wrong."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.errors import DataError, SpecError
from distill_tests.exams import drafts
from distill_tests.exams.items import Exam, Split
from distill_tests.exams.matching import same_option, same_text
from distill_tests.exams.reading import read_exam
from distill_tests.exams.tables import answer_letter, language_of
from distill_tests.exams.textlines import LONGEST_LINE, looks_like
from tests.exam_files import HEADER, RIVER, TRIANGLE, csv_text, folder, write

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
E_EVAL = Path(os.environ.get("DISTILL_TESTS_DATA", "")) / "e-eval"


def problems(*paths: Path, split: Split = "val") -> list[str]:
    """What is said of files that cannot be used: ``name:line:column: what``."""
    with pytest.raises(SpecError) as error:
        read_exam(paths, split=split)
    return [
        f"{Path(one.place.path).name}{str(one).removeprefix(one.place.path)}" for one in error.value.problems
    ]


def read_text(tmp_path: Path, content: str | bytes, name: str = "zoo_val.csv") -> Exam:
    return read_exam([write(tmp_path / name, content)])


def wrong_text(tmp_path: Path, content: str | bytes, name: str = "zoo_val.csv") -> list[str]:
    return problems(write(tmp_path / name, content))


# --- folders ------------------------------------------------------------------------------------


def test_a_folder_tells_split_task_level_subject_and_group_by_its_files_names(tmp_path: Path) -> None:
    files = {
        "dev/High_School_Biology_dev.csv": [RIVER],
        "val/High_School_Biology_val.csv": [RIVER, TRIANGLE],
        "test/Primary_School_Ethics_test.csv": [RIVER],
        "val/computer_network_val.csv": [RIVER],
        "val/Middle_School_Geography_val.csv": [RIVER],
    }
    read = read_exam([folder(tmp_path, files)]).items
    assert [(one.split, one.task, one.level, one.subject, one.group) for one in read] == [
        ("dev", "high_school_biology", "high", "biology", "science"),
        ("val", "high_school_biology", "high", "biology", "science"),
        ("val", "high_school_biology", "high", "biology", "science"),
        ("val", "middle_school_geography", "middle", "geography", "arts"),
        ("val", "computer_network", None, "computer_network", None),
        ("test", "primary_school_ethics", "primary", "ethics", "arts"),
    ]
    assert [one.answer for one in read] == ["B"] * 5 + [None]


def test_files_of_other_names_and_in_other_folders_are_refused_all_at_once(tmp_path: Path) -> None:
    folder(tmp_path, {"val/Zoo_dev.csv": [RIVER], "val/notes.csv": [RIVER], "test/Zoo_test.csv": [RIVER]})
    assert problems(tmp_path) == [
        "Zoo_dev.csv:1:1: a dev file in the folder val",
        "notes.csv:1:1: the file's name does not end with _dev, _val or _test",
    ]


def test_files_whose_names_begin_with_a_dot_are_no_exam(tmp_path: Path) -> None:
    root = folder(tmp_path, {"val/Zoo_val.csv": [RIVER]})
    write(root / "val" / "._Zoo_val.csv", b"\0\5\x16\7")
    assert len(read_exam([root]).items) == 1


def test_a_folder_without_an_exam_says_what_was_wanted(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"holds no exam; wanted: dev, val, test with files like Task_val\.csv"
    ):
        read_exam([tmp_path])
    with pytest.raises(DataError, match="no such file or folder"):
        read_exam([tmp_path / "absent"])
    with pytest.raises(DataError, match="cannot be read: File name too long"):
        read_exam([tmp_path / ("x" * 5000)])
    with pytest.raises(DataError, match=r"ends with \.csv, \.tsv, \.jsonl"):
        read_exam([write(tmp_path / "exam.xlsx", b"PK")])


def test_the_hash_of_every_file_pins_the_data(tmp_path: Path) -> None:
    text = csv_text([RIVER, TRIANGLE])
    path = write(tmp_path / "zoo_val.csv", text)
    assert read_exam([path]).files == {str(path): hashlib.sha256(text.encode()).hexdigest()}


def test_the_language_is_that_of_most_questions_of_a_folder_and_of_each_question_of_a_file(
    tmp_path: Path,
) -> None:
    files = {"val/Zoo_val.csv": [RIVER, TRIANGLE], "val/Oak_val.csv": [TRIANGLE]}
    assert {one.language for one in read_exam([folder(tmp_path, files)]).items} == {"zh"}
    read = read_exam([tmp_path / "val" / "Zoo_val.csv"]).items
    assert [one.language for one in read] == ["en", "zh"]
    assert {one.language for one in read_exam([tmp_path], language="en").items} == {"en"}
    assert language_of([]) == "en"


# --- rows ---------------------------------------------------------------------------------------


def test_a_text_is_shown_as_in_the_file_without_white_space_at_its_ends(tmp_path: Path) -> None:
    row = ("0", " \u3000It&apos;s\u00a0 a\tday\n long \u00a0", " yes ", "no", "a", "b", "A")
    read = read_text(tmp_path, csv_text([row])).items[0]
    assert read.question == "It&apos;s\u00a0 a\tday\n long"
    assert read.options["A"] == "yes"


def test_the_place_of_an_item_is_the_line_its_row_starts_on(tmp_path: Path) -> None:
    rows = [("a", "one\ntwo\nthree", *RIVER[2:]), ("b", *RIVER[1:])]
    places = [one.place for one in read_text(tmp_path, csv_text(rows)).items]
    assert [(place.line, place.column) for place in places] == [(2, 2), (5, 2)]


def test_the_byte_order_mark_crlf_and_empty_rows_are_put_right_and_said(tmp_path: Path) -> None:
    text = csv_text([RIVER]).replace("\n", "\r\n") + "\r\n,,,,,,\r\n"
    read = read_text(tmp_path, b"\xef\xbb\xbf" + text.encode())
    assert [one.id for one in read.items] == ["0"]
    assert [str(note).partition("zoo_val.csv")[2] for note in read.notes] == [
        ":1:1: starts with a byte order mark, which is left out",
        ":4:1: an empty row, which is left out",
    ]


@pytest.mark.parametrize("written", ["B ", " B", "b", "Ｂ", "ｂ\u3000", "\u00a0B\t"])
def test_an_answer_with_spaces_in_lower_case_or_full_width_is_read_and_said(
    tmp_path: Path, written: str
) -> None:
    read = read_text(tmp_path, csv_text([(*RIVER[:-1], written)]))
    assert read.items[0].answer == "B"
    assert "of item '0' is read as B" in str(read.notes[0])
    assert answer_letter(written) == "B"


@pytest.mark.parametrize("letters", [2, 3, 5, 26])
def test_a_table_has_from_2_to_26_options(tmp_path: Path, letters: int) -> None:
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:letters]
    header = ("question", *(name.lower() for name in names), "answer")
    row = ("Which?", *(f"thing {name}" for name in names), names[-1])
    read = read_text(tmp_path, csv_text([row], header)).items[0]
    assert "".join(read.options) == names
    assert (read.id, read.answer) == ("0", names[-1])


def test_json_lines_with_27_options_are_told_how_many_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "x_val.jsonl"
    row = {"question": "Which?", "options": [f"thing {n}" for n in range(27)], "answer": "A"}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert problems(path) == ["x_val.jsonl:1:1: 27 options: 2 to 26"]


def test_a_path_that_is_not_there_hides_no_mistake_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "x_val.csv"
    path.write_text("question,A,B,answer\nWhich?,x,y,Z\n", encoding="utf-8")
    told = problems(tmp_path / "absent.csv", path)
    assert told[0].endswith("x_val.csv:2:4: answer 'Z' of item '0' is not one of A, B")
    assert told[1].endswith("absent.csv:1:1: no such file or folder")
    with pytest.raises(DataError, match=r"(?s)one\.csv: no such .*two\.csv: no such"):
        read_exam([tmp_path / "one.csv", tmp_path / "two.csv"])


def test_a_row_with_fewer_options_than_the_header_has_is_no_fault_where_many_are_so(tmp_path: Path) -> None:
    short = ("Which?", "x", "y", "", "", "B")
    rows = [("Who?", "p", "q", "r", "s", "D"), short, short]
    read = read_text(tmp_path, csv_text(rows, HEADER[1:])).items
    assert [("".join(one.options), sorted(one.faults)) for one in read] == [
        ("ABCD", []),
        ("AB", []),
        ("AB", []),
    ]


def test_an_empty_option_that_other_rows_have_is_kept_as_missing(tmp_path: Path) -> None:
    rows = [(str(number), *RIVER[1:]) for number in range(4)]
    read = read_text(tmp_path, csv_text([*rows, ("4", "Which?", "x", "y", "z", " ", "A")])).items
    assert read[-1].options["D"] == ""
    assert read[-1].faults == {"missing_option"}


def test_columns_of_a_row_say_more_than_the_name_of_its_file(tmp_path: Path) -> None:
    header = (*HEADER, "explanation", "subject", "level", "group", "language", "passage", "split", "task")
    row = (*RIVER, "Elbe.", "water", "first", "earth", "en", "p7", "dev", "geo")
    read = read_text(tmp_path, csv_text([row], header)).items[0]
    told = (read.explanation, read.subject, read.level, read.group, read.language, read.passage)
    assert told == ("Elbe.", "water", "first", "earth", "en", "p7")
    assert (read.split, read.task) == ("dev", "geo")


def test_json_lines_give_options_by_letter_as_a_list_or_in_keys_of_their_own(tmp_path: Path) -> None:
    rows = [
        {"id": 7, "question": "Which?", "options": {"B": "two", "A": 1}, "answer": "B"},
        {"id": "x", "question": "Which?", "options": ["one", "two", "three"], "answer": "c"},
        {"id": "y", "question": "Which?", "A": "one", "B": None, "C": "four", "answer": "A"},
    ]
    read = read_text(tmp_path, "\n".join(map(json.dumps, rows)), "zoo.jsonl").items
    assert [(one.id, dict(one.options), one.answer) for one in read] == [
        ("7", {"A": "1", "B": "two"}, "B"),
        ("x", {"A": "one", "B": "two", "C": "three"}, "C"),
        ("y", {"A": "one", "B": "", "C": "four"}, "A"),
    ]


def test_tabs_part_the_cells_of_a_tsv(tmp_path: Path) -> None:
    text = "question\tA\tB\tanswer\nOne, two?\tx\ty\tA\n"
    assert read_text(tmp_path, text, "zoo.tsv").items[0].question == "One, two?"


def test_questions_that_begin_with_the_same_long_text_share_a_passage(tmp_path: Path) -> None:
    passage = "村口有一条小河，河边长着许多柳树，夏天的傍晚老人们在树下乘凉，孩子们在水里捉鱼，大家都很高兴。"
    questions = [f"{passage}孩子们在做什么", f"{passage}\u3000河边有什么", "三角形有几条边", passage[::-1]]
    rows = [(str(number), text, *RIVER[2:]) for number, text in enumerate(questions)]
    first, second, *others = (one.passage for one in read_text(tmp_path, csv_text(rows)).items)
    assert first == second
    assert first is not None
    assert others == [None, None]


# --- images -------------------------------------------------------------------------------------


def test_images_lie_beside_the_file_and_have_the_type_of_their_content(tmp_path: Path) -> None:
    write(tmp_path / "pictures" / "one.jpg", PNG)
    write(tmp_path / "two.webp", b"RIFF\0\0\0\0WEBP")
    row = {"question": "What is it?", "options": ["a", "b"], "answer": "A"}
    rows = [
        row | {"id": "1", "images": ["pictures/one.jpg", "two.webp"]},
        row | {"id": "2", "image": "two.webp"},
    ]
    read = read_text(tmp_path, "\n".join(map(json.dumps, rows)), "zoo.jsonl").items
    assert [[image.media_type for image in one.images] for one in read] == [
        ["image/png", "image/webp"],
        ["image/webp"],
    ]
    header, cells = (
        ("question", "A", "B", "answer", "image"),
        ("What?", "x", "y", "A", "two.webp; pictures/one.jpg"),
    )
    assert len(read_text(tmp_path, csv_text([cells], header), "one.csv").items[0].images) == 2


def test_images_that_are_absent_elsewhere_or_none_are_named_by_row(tmp_path: Path) -> None:
    root = tmp_path / "exam"
    write(tmp_path / "secret.png", PNG)
    write(root / "text.png", b"no image")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    names = ["absent.png", "../secret.png", str(tmp_path / "secret.png"), "link.png", "text.png", "a\0b.png"]
    rows = [{"question": "Q", "options": ["a", "b"], "answer": "A", "image": name} for name in names]
    told = wrong_text(root, "\n".join(map(json.dumps, rows)), "zoo.jsonl")
    assert [line.split(":")[1] for line in told] == ["1", "2", "3", "4", "5", "6"]
    assert "no image 'absent.png'" in told[0]
    assert all("is not below the folder of the file" in line for line in (*told[1:4], told[5]))
    assert "'text.png' is no image; PNG, JPEG, GIF or WebP" in told[4]


# --- bad input: every mistake by file and row, all at once -----------------------------------------


def test_every_mistake_of_every_file_is_named_by_file_and_row_at_once(tmp_path: Path) -> None:
    rows = [
        ("0", *RIVER[1:-1], "E"),
        ("1", *RIVER[1:-1], "AB"),
        ("0", *RIVER[1:]),
        ("", *RIVER[1:]),
        ("5", "too", "few"),
        ("6", *RIVER[1:-1], " "),
        ("7", *RIVER[1:], "one too many"),
    ]
    first = write(tmp_path / "zoo_val.csv", csv_text(rows))
    second = write(tmp_path / "oak_val.csv", csv_text([RIVER[:-1]], HEADER[:-1]))
    assert problems(first, second) == [
        "zoo_val.csv:2:7: answer 'E' of item '0' is not one of A, B, C, D",
        "zoo_val.csv:3:7: answer 'AB' of item '1' is not one of A, B, C, D",
        "zoo_val.csv:4:1: id '0' was already used on line 2",
        "zoo_val.csv:5:1: no id",
        "zoo_val.csv:6:3: 3 cells, and the header has 7; is a quotation mark or comma astray?",
        "zoo_val.csv:7:7: no answer to item '6'",
        "zoo_val.csv:8:7: 8 cells, and the header has 7; is a quotation mark or comma astray?",
        "oak_val.csv:1:1: no column 'answer'; a val file has answers; a test file needs none",
    ]


def test_a_column_like_the_one_that_is_missing_is_named(tmp_path: Path) -> None:
    told = wrong_text(tmp_path, "question,A,B,answr\nWho?,x,y,A\n")
    assert told == ["zoo_val.csv:1:1: no column 'answer'; is it 'answr'?"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,quesiton,A,B,answer", "no column 'question'; is it 'quesiton'?"),
        ("id;question;A;B;answer", "its cells are parted by semicolons: .csv has commas, .tsv tabs"),
        ("id,question,A,B,D,answer", "from A on without a gap; lacking: C"),
        (
            "id,question,A,answer",
            "columns of options: A; 2 to 26 options, from A on without a gap; lacking: B",
        ),
        ("id,question,A,B,a,answer", "column 'A' stands twice in the header"),
        ("id,question,A,B,answer" + "," * 300_000, "300,005 columns; at most 200"),
    ],
)
def test_a_header_that_cannot_be_used_is_named(tmp_path: Path, header: str, expected: str) -> None:
    assert expected in "\n".join(wrong_text(tmp_path, f"{header}\n0,Q,x,y,A\n"))


def test_a_column_that_is_not_known_is_a_note(tmp_path: Path) -> None:
    read = read_text(tmp_path, csv_text([(*RIVER, "x")], (*HEADER, "explanaton")))
    assert "column 'explanaton' is not used" in str(read.notes[0])


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \n"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    assert wrong_text(tmp_path, content) == ["zoo_val.csv:1:1: the file is empty"]
    assert wrong_text(tmp_path, content, "zoo.jsonl") == ["zoo.jsonl:1:1: the file is empty"]


def test_a_file_of_a_header_alone_holds_no_row(tmp_path: Path) -> None:
    assert wrong_text(tmp_path, csv_text([])) == ["zoo_val.csv:1:1: the file holds no row"]


@pytest.mark.parametrize(
    ("encoding", "row", "expected"),
    [
        ("gbk", TRIANGLE, "zoo_val.csv:2:2: not UTF-8: it looks like GBK (GB 18030) (byte 0xc8 at byte 3"),
        ("cp1252", ("0", "Où est la forêt à côté ?", *RIVER[2:]), "it looks like Windows-1252 or Latin-1"),
        ("utf-16", TRIANGLE, "zoo_val.csv:1:1: not UTF-8: it looks like UTF-16; save it as UTF-8"),
        ("utf-16-le", TRIANGLE, "it looks like UTF-16; save it as UTF-8"),
        ("utf-16-le", ("0", "哪一个是一", "一", "二", "三", "四", "A"), "it looks like UTF-16"),
        ("utf-16-be", ("0", "哪一个是一", "一", "二", "三", "四", "A"), "it looks like UTF-16"),
        ("utf-32", TRIANGLE, "it looks like UTF-32; save it as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_says_which_it_looks_like(
    tmp_path: Path, encoding: str, row: tuple[str, ...], expected: str
) -> None:
    told = wrong_text(tmp_path, csv_text([row] * 3).encode(encoding))
    assert len(told) == 1
    assert expected in told[0]


def test_a_stray_byte_among_utf8_is_named_by_row_and_the_others_are_read(tmp_path: Path) -> None:
    rows = csv_text([TRIANGLE, ("3", "X", *TRIANGLE[2:]), ("2", *TRIANGLE[1:-1], "Q")])
    told = wrong_text(tmp_path, rows.encode().replace(b"X", b"\xff"))
    assert told == [
        "zoo_val.csv:3:2: not UTF-8: byte 0xff at byte 3 of the line",
        "zoo_val.csv:4:7: answer 'Q' of item '2' is not one of A, B, C, D",
    ]
    assert looks_like(b"\xff\xfe\xff\xfe\xff\xfe") is None


def test_a_nul_is_named_by_row(tmp_path: Path) -> None:
    assert wrong_text(tmp_path, csv_text([("0", "a\0b", *RIVER[2:])])) == [
        "zoo_val.csv:2:2: a NUL character; text only"
    ]


def test_a_quotation_mark_that_is_never_closed_is_named_where_it_opens(tmp_path: Path) -> None:
    text = csv_text([RIVER]) + '1,"never closed,a,b,c,d,A\n2,x,a,b,c,d,A\n'
    assert wrong_text(tmp_path, text) == ["zoo_val.csv:3:1: a quotation mark that opens here is never closed"]


def test_a_huge_cell_is_named_within_bounds_of_time_and_memory(tmp_path: Path) -> None:
    huge = write(
        tmp_path / "zoo_val.csv", csv_text([RIVER]).encode() + b'1,"' + b"x" * 100_000_000 + b'",a,b,c,d,A'
    )
    lines = write(
        tmp_path / "oak_val.csv", csv_text([RIVER]).encode() + b'1,"' + b"xy\n" * (2 * LONGEST_LINE // 3)
    )
    json_line = b'{"question": "' + b"x" * 2 * LONGEST_LINE + b'"}\n{"question": 1}\n'
    before, started = csv.field_size_limit(), time.thread_time()
    told = problems(huge, lines, write(tmp_path / "zoo.jsonl", json_line))
    assert time.thread_time() - started < 30  # about 1 s
    assert csv.field_size_limit() == before
    assert told[0] == "zoo_val.csv:3:1: a line longer than 4 MB"
    assert told[1].startswith("oak_val.csv:3:1: a cell longer than 4 MB; the rest of the file is not read")
    assert told[2] == "zoo.jsonl:1:1: a line longer than 4 MB"
    assert {line.rpartition(":2:1: ")[2] for line in told[3:]} == {
        "'question' is no text",
        "options missing: 2 to 26 from A on without a gap",
    }


def test_of_very_many_mistakes_a_hundred_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    told = wrong_text(tmp_path, csv_text([(str(number), *RIVER[1:-1], "E") for number in range(250)]))
    assert len(told) == 101
    assert told[-1].endswith("150 more problems in this file")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("not JSON", ":1:1: not JSON: Expecting value"),
        ("[1]", "not a JSON object (got list)"),
        ('{"question": "Q", "question": "R"}', "key 'question' given twice"),
        ('{"question": "Q", "options": ["a"], "answer": "A"}', "2 to 26 from A on without a gap"),
        ('{"question": "Q", "options": {"A": "a", "C": "c"}, "answer": "A"}', "from A on without a gap"),
        ('{"question": "Q", "options": "ab", "answer": "A"}', "'options' is no object of texts by letter"),
        ('{"question": "Q", "options": ["a", ["b"]], "answer": "A"}', "no list of texts"),
        ('{"question": ["Q"], "options": ["a", "b"], "answer": "A"}', "'question' is no text"),
        ('{"question": "Q", "options": ["a", "b"], "answer": true}', "'answer' is no text"),
        ('{"question": "Q", "options": ["a", "b"], "answer": "A", "images": [1]}', "no list of paths"),
        ('{"options": ["a", "b"], "answer": "A"}', "no 'question'"),
        ('{"question": "\\ud83d", "options": ["a", "b"], "answer": "A"}', "half of a character"),
        ('{"question": "Q", "options": ["a", "b"], "answer": NaN}', "NaN is no JSON number"),
        ("[" * 100_000, "not usable JSON"),
        (
            '{"question": "Q", "options": ["a", "b"], "answer": "A", "split": "train"}',
            "split 'train' is not one of",
        ),
    ],
)
def test_a_json_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, expected: str) -> None:
    told = wrong_text(tmp_path, line, "zoo.jsonl")
    assert expected in "\n".join(told)


def test_what_acts_in_a_terminal_is_visible_in_a_problem(tmp_path: Path) -> None:
    told = wrong_text(tmp_path, csv_text([("\x1b[2J", *RIVER[1:-1], "\u202eA")]))
    assert "'\\u202eA' of item '\\x1b[2J'" in told[0]


def test_a_pipe_in_place_of_a_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    os.mkfifo(tmp_path / "val" / "Zoo_val.csv")
    (tmp_path / "val" / "Oak_val.csv").mkdir()
    assert problems(tmp_path) == ["Oak_val.csv:1:1: no regular file", "Zoo_val.csv:1:1: no regular file"]


def test_more_rows_than_an_exam_has_are_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST_ROWS", 3)
    told = wrong_text(tmp_path, csv_text([(str(number), *RIVER[1:]) for number in range(9)]))
    assert told == ["zoo_val.csv:5:1: more than 3 rows; the rest of the file is not read"]


def test_one_item_in_two_files_is_named(tmp_path: Path) -> None:
    folder(tmp_path, {"val/Zoo_val.csv": [RIVER], "Zoo_val.csv": [RIVER]})
    assert "item '0' of zoo, val, stands in" in problems(tmp_path)[0]
    assert len(read_exam([tmp_path / "Zoo_val.csv", tmp_path / "Zoo_val.csv"]).items) == 1


@given(st.binary(max_size=400))
def test_no_bytes_make_the_loader_fail_in_another_way_than_it_says(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for name in ("zoo_val.csv", "zoo.jsonl"):
        path = write(tmp_path_factory.getbasetemp() / name, content)
        with pytest.raises(SpecError):
            read_exam([path])


@given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=8)] * 6), max_size=6))
def test_rows_of_any_text_are_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    text = csv_text([RIVER, *((*row, "A") for row in rows)])
    path = write(tmp_path_factory.getbasetemp() / "any_val.csv", text)
    try:
        lines = [one.place.line for one in read_exam([path]).items]
    except SpecError as error:
        lines = [one.place.line for one in error.problems]
    assert lines == sorted(lines)
    assert lines
    assert 2 <= lines[0] <= lines[-1] <= text.count("\n") + 1


# --- what two texts have in common --------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("三角形有几条边（    ）", "三角形有几条边()。"),
        ("It&apos;s  late", "it's\u00a0late"),
        ("1２3", "123"),
        ("行（???）星", "行（ ）星"),
    ],
)
def test_questions_match_whatever_their_width_case_and_spaces(one: str, other: str) -> None:
    assert same_text(one) == same_text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("AA", "Aa"), ("2³", "23"), ("maybe", "may be"), ("①", "1"), ("-1", "1"), ("1.5", "15")],
)
def test_options_that_a_reader_tells_apart_do_not_match(one: str, other: str) -> None:
    assert same_option(one) != same_option(other)
    assert same_option(f" {one}\u00a0") == same_option(one)


def test_a_clean_item_has_no_fault_that_changes_what_is_asked(tmp_path: Path) -> None:
    rows = [("0", "哪个是河流（???）", *RIVER[2:]), ("1", "如图，哪个是河流（）", *RIVER[2:])]
    read = read_text(tmp_path, csv_text(rows)).items
    assert [(sorted(one.faults), one.is_clean) for one in read] == [
        (["garbled_blank"], True),
        (["figure_missing"], False),
    ]


# --- E-EVAL itself ------------------------------------------------------------------------------


@pytest.mark.skipif(not E_EVAL.is_dir(), reason="DISTILL_TESTS_DATA names no folder with e-eval")
def test_e_eval_is_read_whole_in_seconds() -> None:
    started = time.thread_time()
    exam = read_exam([E_EVAL])
    assert time.thread_time() - started < 15  # 0.5 s
    assert Counter(one.split for one in exam.items) == {"dev": 115, "val": 424, "test": 3813}
    val = [one for one in exam.items if one.split == "val"]
    assert Counter(one.level for one in val) == {"primary": 51, "middle": 155, "high": 218}
    assert Counter(one.group for one in val) == {"arts": 241, "science": 183}
    assert Counter(one.answer for one in val) == {"C": 121, "B": 107, "D": 105, "A": 91}
    assert len({one.task for one in exam.items}) == 23
    assert len(exam.notes) == 5
