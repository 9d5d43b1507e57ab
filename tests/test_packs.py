"""The shipped packs, cards and specs: our own writing, twins throughout, harmless, and well formed."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import yaml

from distill_tests import specfile
from distill_tests.lexicon import names_makers
from distill_tests.registry import kinds
from distill_tests.types import Case, Spec

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
SCHEMAS = ROOT / "distill_tests" / "schema"
HAN = re.compile("[\u4e00-\u9fff]")
DATA = os.environ.get("DISTILL_TESTS_DATA")


def pack(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SPECS / "packs" / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


QUESTIONS, FRAMINGS = pack("questions"), pack("framings")


def texts(value: Any) -> list[str]:
    """Every text of a wording."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [text for one in inner for text in texts(one)]


def joined(framing: str, language: str) -> str:
    return "\n".join(texts(FRAMINGS[framing][language]))


# --- questions ---------------------------------------------------------------------------------


def test_there_are_at_least_fifty_questions_on_every_topic_of_identity() -> None:
    assert len(QUESTIONS) >= 50
    topics = [question["topic"] for question in QUESTIONS.values()]
    assert set(topics) == {
        *("maker", "company", "team", "headquarters", "country", "product", "platform", "partners"),
        *("model-name", "version", "training"),
    }
    assert min(map(topics.count, topics)) >= 4


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_asked_of_the_speaker_in_english_and_chinese_and_names_nobody(name: str) -> None:
    english, chinese = QUESTIONS[name]["en"], QUESTIONS[name]["zh"]
    assert re.search(r"\b(you|your|whom?|me|i)\b", english, re.I)
    assert re.search("[你我]", chinese)
    assert not HAN.search(english)
    assert not re.search("[a-zA-Z?,.]", chinese), "Chinese takes Chinese punctuation"
    assert not names_makers(english + chinese)


def test_no_question_is_asked_twice() -> None:
    for language in ("en", "zh"):
        written = [question[language] for question in QUESTIONS.values()]
        assert len(set(written)) == len(written)


# --- framings ----------------------------------------------------------------------------------


def test_there_are_at_least_forty_framings_of_many_families() -> None:
    assert len(FRAMINGS) >= 40
    families = {framing["family"] for framing in FRAMINGS.values()}
    assert families >= {
        *("plain", "role-play", "fiction", "translation", "completion", "developer-mode", "interview"),
        *("forced-format", "false-premise", "multi-turn", "debate", "quiz", "letter", "memory"),
    }


@pytest.mark.parametrize("name", FRAMINGS)
def test_twins_of_a_framing_have_one_shape_and_name_the_same_makers(name: str) -> None:
    english, chinese = FRAMINGS[name]["en"], FRAMINGS[name]["zh"]
    assert type(english) is type(chinese)
    assert len(texts(english)) == len(texts(chinese))
    assert names_makers(joined(name, "en")) == names_makers(joined(name, "zh"))
    assert not HAN.search(joined(name, "en"))
    assert HAN.search(joined(name, "zh")) or name == "plain"


def test_several_framings_name_a_maker_and_most_do_not() -> None:
    naming = {name for name in FRAMINGS if names_makers(joined(name, "en"))}
    assert 5 <= len(naming) <= len(FRAMINGS) // 5
    assert {FRAMINGS[name]["family"] for name in naming} == {"false-premise"}
    assert len({maker for name in naming for maker in names_makers(joined(name, "en"))}) >= 5


def test_framings_are_short_since_the_default_suite_runs_on_two_cores() -> None:
    for name in FRAMINGS:
        assert len(joined(name, "en").replace("{question}", "")) <= 120, name
        assert len(joined(name, "zh").replace("{question}", "")) <= 60, name


# --- not copied --------------------------------------------------------------------------------


def published() -> Iterator[str]:
    """Every published template and question of the shared data."""
    folder = Path(DATA or "")
    for path in folder.glob("ice/attack_result/*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield from (row["jailbreak_prompt"], row["query"])
    with (folder / "gptfuzz" / "GPTFuzzer.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["text"] for row in csv.DictReader(file))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+|[\u4e00-\u9fff]", re.sub(r"\{\w+\}", " ", text.lower()))


@pytest.mark.skipif(DATA is None, reason="needs the published templates: set DISTILL_TESTS_DATA")
def test_no_text_of_the_packs_was_copied_from_published_ones() -> None:
    """No question is a published one, and no text shares nine words in a row with any."""
    known: set[tuple[str, ...]] = set()
    whole: set[tuple[str, ...]] = set()
    for text in set(published()):
        run = words(text)
        whole.add(tuple(run))
        known.update(tuple(run[start : start + 9]) for start in range(len(run) - 8))
    for entry in (*QUESTIONS.values(), *FRAMINGS.values()):
        for text in texts([entry["en"], entry["zh"]]):
            run = words(text)
            assert not run or tuple(run) not in whole, text
            assert known.isdisjoint(tuple(run[start : start + 9]) for start in range(len(run) - 8)), text


# --- schemas -----------------------------------------------------------------------------------


def validator(name: str) -> jsonschema.Draft202012Validator:
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    registry: referencing.Registry[Any] = referencing.Registry().with_resources(
        (key, referencing.Resource.from_contents(schema)) for key, schema in schemas.items()
    )
    return jsonschema.Draft202012Validator(schemas[name], registry=registry)


@pytest.mark.parametrize("name", ["questions", "framings"])
def test_the_packs_fit_their_schemas_for_any_validator(name: str) -> None:
    assert list(validator(f"{name}.json").iter_errors(pack(name))) == []


@pytest.mark.parametrize("name", ["questions", "framings"])
def test_check_jsonschema_finds_its_way_through_the_schemas(name: str) -> None:
    """A relative $id would send it to the current directory for the schema's neighbours."""
    pytest.importorskip("check_jsonschema")
    schema, packed = SCHEMAS / f"{name}.json", SPECS / "packs" / f"{name}.yaml"
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), str(packed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "ok -- validation done"), done.stderr


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("questions", {"a": {"topc": "maker", "en": "Who?"}}),
        ("questions", {"a.b": {"en": "Who?"}}),
        ("questions", {"a\n": {"en": "Who?"}}),
        ("questions", {"a": {"en": " "}}),
        ("framings", {"a": {"en": {"turns": []}}}),
        ("framings", {"a": {"en": {"txt": "{question}"}}}),
        ("framings", {"a": {"en": 1}}),
        ("identity", {}),
        ("identity", {"probes": {}}),
        ("identity", {"probes": {"questions": [{"text": "Who?"}]}}),
        ("identity", {"probes": {"recorded": False}}),
        ("identity", {"probes": {"include": "q.yaml"}, "sample": {"size": 0}}),
    ],
)
def test_the_schemas_refuse_what_has_the_wrong_shape(name: str, document: Any) -> None:
    assert not validator(f"{name}.json").is_valid(document)


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema (and, harmlessly, its lists of properties)."""
    if isinstance(schema, dict):
        if isinstance(schema.get("examples", []), list):
            yield schema
        for key, value in schema.items():
            if key != "examples":
                yield from parts_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts_of(value)


@pytest.mark.parametrize("name", ["questions", "framings", "identity"])
def test_the_examples_in_the_schemas_fit(name: str) -> None:
    whole = validator(f"{name}.json")
    schema: Any = whole.schema
    parts = list(parts_of(schema))
    examples = [(part, example) for part in parts for example in part.get("examples", ())]
    assert len(examples) >= 3
    for part, example in examples:
        alone = whole.evolve(schema={**part, "$id": f"{name}.json", "$defs": schema["$defs"]})
        assert alone.is_valid(example), example


# --- the shipped specs -------------------------------------------------------------------------


def core() -> tuple[Spec, list[Case]]:
    models = specfile.load_models(SPECS / "models.yaml", environ={})
    spec = specfile.load(SPECS / "identity" / "core.yaml", models, environ={})
    return spec, list(kinds.get("identity").kind.cases(spec, models["smollm2-135m"]))


def test_the_core_spec_draws_at_least_120_probes_evenly_over_both_languages() -> None:
    spec, cases = core()
    assert len(cases) >= 120
    assert spec.sampling.max_tokens <= 60
    languages = [case.data.language for case in cases]
    assert languages.count("en") == languages.count("zh")
    assert {case.clusters["framing"] for case in cases} == set(FRAMINGS)
    assert {case.clusters["question"] for case in cases} == set(QUESTIONS)


def test_the_core_spec_asks_the_embedded_model_and_is_decided_by_its_two_rates() -> None:
    spec, _ = core()
    models = specfile.load_models(SPECS / "models.yaml", environ={})
    assert models["smollm2-135m"].target
    assert {(gate.name, gate.at_most) for gate in spec.gates} == {("strict_rate", 0.02), ("loose_rate", 0.10)}
    assert (spec.on_miss, spec.judge and spec.judge.name, spec.sampling.temperature) == ("gate", "claims", 0)


def test_the_tags_of_the_documented_example_choose_something() -> None:
    chosen = {"developer", "company", "location"}
    for tag in chosen:
        assert any(
            tag in (name, question["topic"], *question.get("tags", ()))
            for name, question in QUESTIONS.items()
        )
