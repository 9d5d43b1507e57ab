"""The shipped schemas: valid, and the same to editors as to us; no breach goes without words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from distill_tests import specfile
from distill_tests.errors import DistillError
from distill_tests.specfile import yamltext
from distill_tests.specfile.editors import for_editors
from distill_tests.specfile.schemas import inlined, shipped, whole
from distill_tests.specfile.validate import Noted, check, noted
from tests.test_specfile_yaml import PLAIN

SCHEMAS = Path(specfile.__file__).parents[1] / "schema"
SPECS = Path(__file__).parents[1] / "specs"
EXAMPLES = SPECS.parent / "examples"
OURS = ["spec.json", "models.json", "identity.json", "questions.json", "framings.json"]


def oracle(schema: Mapping[str, Any]) -> Draft202012Validator:
    files = [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in SCHEMAS.glob("*.json")]
    resources = [(name, Resource.from_contents(contents)) for name, contents in files]
    return Draft202012Validator(schema, registry=Registry[Any]().with_resources(resources))


@pytest.mark.parametrize("name", sorted(path.name for path in SCHEMAS.glob("*.json")))
def test_every_shipped_schema_is_a_valid_2020_12_schema(name: str) -> None:
    schema = shipped(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", ["spec.json", "models.json"])
def test_editors_are_told_what_the_registries_know(name: str) -> None:
    """If this fails: ``python -m distill_tests.specfile.editors``."""
    assert shipped(name) == for_editors(name)


@pytest.mark.parametrize("name", ["spec.json", "models.json"])
def test_every_key_has_words_for_the_hover(name: str) -> None:
    schema = shipped(name)
    properties = schema["properties"] if name == "spec.json" else schema["$defs"]["card"]["properties"]
    described = {**properties, **schema["$defs"].get("gate", {}).get("properties", {})}
    silent = [
        key
        for key, value in described.items()
        if "description" not in value and "description" not in schema["$defs"][value["$ref"].split("/")[-1]]
    ]
    assert silent == []


def test_editors_accept_the_shipped_cards_and_specs() -> None:
    cards = yamltext.read(SPECS / "models.yaml").data
    assert [error.message for error in oracle(shipped("models.json")).iter_errors(cards)] == []
    for path in sorted((*SPECS.rglob("*.yaml"), *EXAMPLES.rglob("*.yaml"))):
        if specfile.find_root(path):
            document = yamltext.read(path).data
            assert [error.message for error in oracle(shipped("spec.json")).iter_errors(document)] == [], path


ASKED = {"kind": "identity", "title": "x", "probes": {"recorded": "all"}}


@pytest.mark.parametrize(
    ("name", "document", "wrong"),
    [
        ("spec.json", {**ASKED, "titel": "y"}, "titel"),
        ("spec.json", {**ASKED, "kind": "identiy"}, "identiy"),
        ("spec.json", {**ASKED, "gates": {"strict_rate": {"at_mots": 1, "at_most": 1}}}, "at_mots"),
        ("spec.json", {**ASKED, "gates": {"a": {"at_least": 1, "at_most": 1}}}, "valid under each of"),
        ("spec.json", {**ASKED, "gates": {"a": {"fwer": 0.1, "at_most": 1}}}, "valid under each of"),
        ("spec.json", {**ASKED, "gates": {"a": {"fwer": 2}}}, "greater than or equal to the maximum"),
        ("spec.json", {**ASKED, "judge": {"name": "claims", "nmae": 1}}, "not valid under any"),
        ("models.json", {"a": {"provider": "local", "wieghts": {}}}, "wieghts"),
        ("models.json", {"a": {"provider": "recorded"}}, "transcripts"),
        ("models.json", {"a": {}}, "provider"),
    ],
)
def test_editors_see_mistakes_too(name: str, document: Any, wrong: str) -> None:
    assert wrong in " ".join(error.message for error in oracle(shipped(name)).iter_errors(document))


def test_a_kind_of_somebody_elses_may_have_keys_that_an_editor_does_not_know() -> None:
    card = {"a": {"provider": "my-own", "whatever": 1}}
    assert [error.message for error in oracle(shipped("models.json")).iter_errors(card)] == []


# --- putting schemas together ---------------------------------------------------------------------


def test_references_are_written_in_from_the_schema_itself_and_from_shipped_files() -> None:
    own = {"title": "Two", "$ref": "#/$defs/two"}
    schema = {
        "properties": {"a": {"$ref": "spec.json#/$defs/slug"}, "b": own},
        "$defs": {"two": {"const": 2, "title": "2"}},
    }
    slug = shipped("spec.json")["$defs"]["slug"]
    assert inlined(schema) == {"properties": {"a": slug, "b": {"const": 2, "title": "Two"}}}


def test_a_schema_that_contains_itself_is_refused_in_words() -> None:
    with pytest.raises(DistillError, match="contains itself by '#/properties/a'"):
        inlined({"properties": {"a": {"items": {"$ref": "#/properties/a"}}}})


def test_annotations_are_noted_where_they_stand_in_the_branches_that_hold() -> None:
    path, model = {"x-path": True, "type": "string"}, {"x-model": True}
    schema = {
        "properties": {"a": {"anyOf": [path, {"type": "array", "items": path}]}, "name": path, "judge": {}},
        "if": {"required": ["judge"]},
        "then": {"properties": {"judge": model}},
        "else": {"properties": {"name": model}},
        "additionalProperties": {"oneOf": [{"type": "object", "x-pack": "questions"}, {"type": "array"}]},
    }
    assert noted({"a": ["x", "y"], "judge": "z", "q": {}, "r": []}, schema, ("at",)) == [
        Noted("x-path", ("at", "a", 0), True),
        Noted("x-path", ("at", "a", 1), True),
        Noted("x-model", ("at", "judge"), True),
        Noted("x-pack", ("at", "q"), "questions"),
    ]
    assert noted({"name": "x"}, schema) == [
        Noted("x-path", ("name",), True),
        Noted("x-model", ("name",), True),
    ]


# --- nothing that jsonschema refuses goes without words -------------------------------------------

NAMES = st.sampled_from(["a", "b", "ab", "c"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0, -2.0, 1.5])
    | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
BOUNDS = st.integers(-2, 2)
SIZES = st.integers(0, 3)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
            "additionalProperties": inner,
            "unevaluatedProperties": st.booleans() | inner,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "propertyNames": st.fixed_dictionaries({"pattern": st.sampled_from(["^a", "b"])}),
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
            "minProperties": SIZES, "maxProperties": SIZES,
            "items": inner, "minItems": SIZES, "maxItems": SIZES, "uniqueItems": st.booleans(),
            "minLength": SIZES, "maxLength": SIZES, "pattern": st.sampled_from(["^a", "b", "^$"]),
            "minimum": BOUNDS, "maximum": BOUNDS, "exclusiveMinimum": BOUNDS, "exclusiveMaximum": BOUNDS,
            "contains": inner, "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "multipleOf": st.integers(1, 2), "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner, "then": inner, "else": inner,
        },
    )  # fmt: skip


SCHEMATA = st.recursive(st.booleans() | keywords(st.booleans()), keywords, max_leaves=5)


@given(SCHEMATA, VALUES)
@settings(max_examples=120, deadline=None)
@example({"allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False}, {"a": 1, "b": 2})
@example({"anyOf": [{"properties": {"a": True}}, False], "unevaluatedProperties": False}, {"a": 1})
@example({"if": {"properties": {"a": True}}, "then": {}, "unevaluatedProperties": False}, {"a": 1})
@example(
    {"if": {"required": ["b"]}, "else": {"properties": {"a": True}}, "unevaluatedProperties": False}, {"a": 1}
)
@example({"enum": [True]}, 1)
@example({"uniqueItems": True}, [1, True, 1.0])
def test_what_a_schema_refuses_and_only_that_has_faults(schema: Any, value: Any) -> None:
    assert (check(value, schema) == []) == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("name", OURS)
def test_what_a_shipped_schema_refuses_and_only_that_has_faults(name: str) -> None:
    validator = oracle(shipped(name))

    @given(mutated(name))
    @settings(max_examples=40, deadline=None, database=None)
    def agree(document: Any) -> None:
        assert (check(document, whole(name)) == []) == validator.is_valid(document)

    agree()


SOUND: Mapping[str, Any] = {
    "spec.json": {
        "kind": "identity",
        "title": "x",
        "targets": ["a"],
        "judge": {"name": "claims"},
        "probes": {"questions": [{"id": "q", "en": "Who?"}], "languages": ["en"]},
        "gates": {"strict_rate": {"at_most": 0.1, "confidence": 0.9}},
        "sampling": {"max_tokens": 3, "stop": ["a"]},
        "sample": {"size": 3},
    },
    "models.json": {
        "a": {
            "provider": "recorded",
            "transcripts": {"format": "jsonl", "path": "x"},
            "identity": {"name": "A", "maker": "B", "accept": [{"relation": "built_on", "maker": "C"}]},
            "price": {"input": 1, "output": 2},
        }
    },
    "identity.json": {"probes": {"include": ["a.yaml"], "tags": ["b"]}, "sample": {"size": 2, "seed": 1}},
    "questions.json": {
        "q": {"topic": "maker", "en": "Who?", "zh": "谁？", "tags": ["a"]},
        "include": "a.yaml",
    },
    "framings.json": {"f": {"family": "plain", "en": {"turns": ["a", "{question}"]}, "zh": "{question}"}},
}


def mutated(name: str) -> st.SearchStrategy[Any]:
    """A sound document with some of its parts dropped, replaced or joined by others."""

    @st.composite
    def change(draw: st.DrawFn, value: Any) -> Any:
        choice = draw(st.integers(0, 11))
        if choice == 0:
            return draw(PLAIN)
        if isinstance(value, dict):
            kept = {key: draw(change(inner)) for key, inner in value.items() if draw(st.integers(0, 9)) > 0}
            return kept | (
                draw(st.dictionaries(st.sampled_from(["x", "en", "tags", "a b"]), PLAIN, max_size=1))
                if choice == 1
                else {}
            )
        if isinstance(value, list):
            return [draw(change(inner)) for inner in value] * draw(st.sampled_from([1, 1, 1, 0, 2]))
        return value

    return change(SOUND[name])


@pytest.mark.parametrize("name", OURS)
def test_the_sound_documents_are_sound(name: str) -> None:
    assert check(SOUND[name], whole(name)) == []
