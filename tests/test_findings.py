"""Findings as a pack: valid, safe whatever the text, and never at the cost of what was there."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests import specfile
from distill_tests.errors import DataError
from distill_tests.registry import kinds
from distill_tests.search.findings import FoundFraming, Provenance, Source, write_findings
from distill_tests.specfile.schemas import shipped, whole
from distill_tests.specfile.validate import check
from distill_tests.specfile.yamltext import parse, read
from tests.hostile_answers import HOSTILE

PLAIN = Provenance(target="toy", goal="strict", makers=())
FULL = Provenance(
    target="toy",
    goal="strict",
    makers=("openai",),
    served=("toy-1",),
    claimed=("OpenAI",),
    questions=("developer",),
    hits=1,
    asked=2,
    came_back=3,
    repeats=3,
    original="A longer one. {question}",
    shortest=True,
    policy="ucb",
    seed=7,
    mutator="splice",
    mutator_model="helper",
    parents=("m3", "narrator"),
    judge="claims@1",
    judge_model="judge",
    date="2025-03-01",
    version="0.1",
    sources=(Source(name="aim", origin="a paper", licence="MIT"),),
)


def found(text: str, provenance: Provenance = PLAIN, language: str = "en") -> FoundFraming:
    return FoundFraming(text=text, language=language, provenance=provenance)


def pack_at(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = read(path).data
    return data


def test_a_pack_of_findings_fits_the_schema_and_reads_back(tmp_path: Path) -> None:
    one = found("Tell me: {question}", FULL)
    written = write_findings(tmp_path / "packs" / "found.yaml", [one])
    assert written == (tmp_path / "packs" / "found.yaml", 1)
    data = pack_at(written.path)
    assert check(data, whole("framings.json")) == []
    assert data[one.id]["en"] == "Tell me: {question}"
    assert data[one.id]["provenance"]["parents"] == ["m3", "narrator"]
    assert data[one.id]["provenance"]["sources"] == [{"name": "aim", "origin": "a paper", "licence": "MIT"}]


def test_every_part_of_the_provenance_is_in_the_schema_with_words() -> None:
    known = shipped("framings.json")["$defs"]["provenance"]["properties"]
    written: Any = found("{question}", FULL).as_entry()["provenance"]
    assert set(written) == set(known) == {field.name for field in dataclasses.fields(Provenance)}
    assert all("title" in one for one in known.values())


def test_that_no_maker_is_named_is_said() -> None:
    assert found("{question}").as_entry()["provenance"] == {"target": "toy", "goal": "strict", "makers": []}


def test_a_target_that_completes_text_gets_the_framing_as_its_text() -> None:
    entry = dataclasses.replace(found("Q: {question}\nA:"), completes=True).as_entry()
    assert entry["en"] == {"text": "Q: {question}\nA:", "completion": "Q: {question}\nA:"}


def test_ids_are_the_same_for_the_same_text_and_differ_by_language() -> None:
    assert found("{question}").id == found("{question}", FULL).id
    assert found("{question}").id != found("{question}", language="zh").id


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_data(tmp_path: Path, text: str) -> None:
    template = f"{text} {{question}}"
    path = write_findings(tmp_path / "found.yaml", [found(template)]).path
    assert pack_at(path)[found(template).id]["en"] == template.encode("utf-8", "replace").decode()
    assert "\x1b" not in path.read_text(encoding="utf-8")


def test_a_name_that_no_file_can_have_is_trouble_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write_findings(tmp_path / "a\0b.yaml", [found("{question}")])


@given(text=st.text(), mutator=st.text())
def test_any_text_reads_back_as_itself(
    tmp_path_factory: pytest.TempPathFactory, text: str, mutator: str
) -> None:
    folder = tmp_path_factory.mktemp("packs")
    one = found(f"{text}x{{question}}", dataclasses.replace(PLAIN, mutator=mutator, original=text))
    path = write_findings(folder / "found.yaml", [one]).path
    assert pack_at(path) == {one.id: one.as_entry()}


def test_findings_of_another_search_stay_with_every_comment(tmp_path: Path) -> None:
    path = tmp_path / "found.yaml"
    write_findings(path, [found("First. {question}", FULL)])
    by_hand = path.read_text(encoding="utf-8") + "# checked by A. Auditor\n\n"
    path.write_text(by_hand, encoding="utf-8")
    assert write_findings(path, [found("Second. {question}")]) == (path, 1)
    assert path.read_text(encoding="utf-8").startswith(by_hand.rstrip("\n"))
    assert len(pack_at(path)) == 2


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "found.yaml"
    write_findings(path, [found("First. {question}", FULL)])
    before = path.read_bytes()
    assert write_findings(path, [found("First. {question}")]) == (path, 0)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        "kind: identity\ntitle: no pack\n",
        '{"mine": {"en": "In one line. {question}"}}\n',
        "mine: [not, a, framing]\n",
        "\tno yaml: [",
        "mine: {en: 'ends.'}\n...\n",
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone_and_a_new_one_begun(tmp_path: Path, text: str) -> None:
    path = tmp_path / "found.yaml"
    path.write_text(text, encoding="utf-8")
    written = write_findings(path, [found("{question}")])
    assert written == (tmp_path / "found-2.yaml", 1)
    assert path.read_text(encoding="utf-8") == text
    assert write_findings(path, [found("{question}")]) == (tmp_path / "found-2.yaml", 0)


def test_searches_that_end_together_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "found.yaml"
    threads = [
        threading.Thread(target=write_findings, args=(path, [found(f"Number {number}. {{question}}")]))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pack_at(path)) == 12
    assert [one.name for one in tmp_path.iterdir()] == ["found.yaml"]


def test_where_nothing_can_be_written_the_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "packs").write_text("a file", encoding="utf-8")
    with pytest.raises(DataError, match=r"found\.yaml: the findings cannot be written"):
        write_findings(tmp_path / "packs" / "found.yaml", [found("{question}")])


def test_the_pack_names_the_schema_where_the_project_has_it(tmp_path: Path) -> None:
    schemas = tmp_path / "specs" / ".schema"
    schemas.mkdir(parents=True)
    (schemas / "framings.json").write_text("{}", encoding="utf-8")
    path = write_findings(tmp_path / "specs" / "packs" / "found.yaml", [found("{question}")]).path
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../.schema/framings.json"


# --- as a regression test -------------------------------------------------------------------------

CARD = "toy:\n  provider: scripted\n  model: toy\n  target: true\n  identity: {name: Toy, maker: Toyland}\n"
SPEC = (
    "kind: identity\ntitle: Found before\njudge: claims\n"
    "probes: {questions: [{id: developer, en: Who made you?, zh: 谁开发了你？}], languages: [en]}\n"
    "framings: {include: packs/found.yaml, tags: [en]}\n"
)


def test_a_spec_includes_findings_and_asks_them(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(CARD, encoding="utf-8")
    (tmp_path / "again.yaml").write_text(SPEC, encoding="utf-8")
    english, chinese = found("Hm. {question}", FULL), found("好。{question}", FULL, language="zh")
    write_findings(tmp_path / "packs" / "found.yaml", [english, chinese])
    models = specfile.load_models(tmp_path / "models.yaml", environ={})
    spec = specfile.load(tmp_path / "again.yaml", models, environ={})
    (case,) = kinds.get("identity").kind.cases(spec, models["toy"])
    assert case.id == f"developer-en.{english.id}"
    assert case.data.turns == ("Hm. Who made you?",)


def test_provenance_is_no_language_and_is_not_read_for_placeholders(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(CARD, encoding="utf-8")
    (tmp_path / "again.yaml").write_text(SPEC, encoding="utf-8")
    odd = dataclasses.replace(FULL, original="{question} {prompt} {answer}")
    write_findings(tmp_path / "packs" / "found.yaml", [found("Hm. {question}", odd)])
    assert specfile.check([tmp_path], environ={}) == []


def test_a_misspelt_key_of_the_provenance_is_a_problem_with_its_place() -> None:
    document = parse("a:\n  en: '{question}'\n  provenance: {targt: toy}\n", path="p.yaml")
    (fault,) = check(document.data, whole("framings.json"))
    assert fault.at[:2] == ("a", "provenance")
