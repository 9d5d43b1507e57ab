"""YAML text to plain data and back: the core rules, places, and that nothing ever ends in a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from distill_tests import specfile
from distill_tests.errors import Problem, SpecError
from distill_tests.specfile import yamltext
from distill_tests.specfile.schemas import shipped
from distill_tests.types import Model
from tests import specfile_toys  # noqa: F401 - registers what the cards name

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(
        ["no", "on", "1e5", "0x1F", "010", "12:30", "2025-01-31", "~", ".5", "+1", "a: b", "- x", "|", " x "]
    )
)
KEYS = TEXT.filter(lambda text: text.strip() and text != "<<")
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def data(text: str) -> Any:
    document = yamltext.parse(text, path="x.yaml")
    assert document.problems == ()
    return document.data


TEXTS = [
    *["no", "yes", "on", "off", "y", "n", "No", "NO", "On", "12:30", "12:30:45", "2025-01-31", "010", "0x1F"],
    *[
        "0o17",
        "1_000",
        "=",
        "0b1",
        "1.2.3",
        "+",
        ".",
        "1e",
        "e5",
        "+-1",
        "nullx",
        "Truely",
        "2%",
        "٣",
        "-0x1",
    ],
]
WORDS: dict[Any, list[str]] = {
    None: ["null", "Null", "NULL", "~", ""],
    True: ["true", "True", "TRUE"],
    False: ["false", "False", "FALSE"],
}
NUMBERS = [
    ("0", 0),
    ("-7", -7),
    ("+12", 12),
    ("-0", 0),
    ("1.5", 1.5),
    ("-.5", -0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
]
QUOTED = [("'12'", "12"), ('"true"', "true"), ("''", ""), ("'~'", "~")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, text) for text in TEXTS),
        *((word, value) for value, words in WORDS.items() for word in words),
        *NUMBERS,
        *QUOTED,
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    found = data(f"key: {text}\n")["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", [".nan", ".inf", "-.inf", "+.Inf", "1e999"])
def test_numbers_that_are_not_finite_are_refused(text: str) -> None:
    document = yamltext.parse(f"key: [{text}, 1]\n", path="x.yaml")
    assert [str(problem) for problem in document.problems] == [
        f"x.yaml:1:7: not a finite number (got '{text}')"
    ]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert data("1: a\nno: b\ntrue: c\n2025-01-31: d\n~: e\n") == {
        "1": "a",
        "no": "b",
        "true": "c",
        "2025-01-31": "d",
        "~": "e",
    }


def test_lines_and_columns_count_characters_from_1() -> None:
    document = yamltext.parse("钥匙: [一, {二: 三, 😀: 四}]\r\nb:\r\n  - c\r\n", path="x.yaml")
    assert document.values == {
        (): (1, 1),
        ("钥匙",): (1, 5),
        ("钥匙", 0): (1, 6),
        ("钥匙", 1): (1, 9),
        ("钥匙", 1, "二"): (1, 13),
        ("钥匙", 1, "😀"): (1, 19),
        ("b",): (3, 3),
        ("b", 0): (3, 5),
    }
    assert (document.keys[("钥匙", 1, "😀")], document.keys[("b",)]) == ((1, 16), (2, 1))


def test_a_problem_does_not_hide_the_others() -> None:
    document = yamltext.parse("a: *x\na: !!str y\nb: &z .nan\n<<: {c: .inf}\n", path="x.yaml")
    assert [str(problem) for problem in document.problems] == [
        "x.yaml:1:4: alias *x is not read; write the value out, or include a pack",
        "x.yaml:2:1: key 'a' stands twice; the first is in line 1, column 1",
        "x.yaml:2:4: tag '!!str' is not read; quotes make text of a value: '12'",
        "x.yaml:3:4: anchor &z is not read; write the value where it is used",
        "x.yaml:3:4: not a finite number (got '.nan')",
        "x.yaml:4:1: merge key << is not read; write the keys out",
        "x.yaml:4:9: not a finite number (got '.inf')",
    ]


def test_a_thousand_mistakes_are_not_all_listed() -> None:
    with pytest.raises(SpecError) as error:
        yamltext.parse("a: 1\n" * 1000, path="x.yaml")
    assert len(error.value.problems) == yamltext.MOST_PROBLEMS


# --- laws ---------------------------------------------------------------------------------------


@given(PLAIN)
@settings(max_examples=100, deadline=None)
@example(
    {
        "a": "x\ny\n",
        "b": "x\n\n",
        "c": " x\n",
        "d": "\n",
        "e": "x \ny\n",
        "f": "\tx\n",
        "g": "#\n",
        "h": "%\nx\n",
    }
)
@example(
    {
        "a": "\x85",
        "b": "\u2028",
        "c": "\ufeff",
        "d": "\x00",
        "e": "\r\n",
        "f": "\x7f",
        "g": "\ud7ff\ue000\U0001f600",
    }
)
@example(
    [
        "---",
        "...",
        "--- x\n...\n",
        "? x",
        "a #b",
        "'",
        '"',
        "{",
        "!a",
        "&a",
        "*a",
        "%a",
        "@a",
        "`a",
        "a:",
        ":",
    ]
)
@example([1e16, 1e-7, 1.0, -0.0, 5e-324, 1.7976931348623157e308, 10**299])
@example("plain")
def test_plain_data_survives_being_written_and_read(document: Any) -> None:
    found = data(specfile.dumps(document))
    assert found == document
    assert repr(found) == repr(document)  # 1 is not True and not 1.0


@given(st.binary(max_size=200))
@QUICK
@example(b"\xff\xfe")
@example(b"%YAML 9.9\n---\nx")
@example(b'"\\ud800"')
@example(b'a: "\\0"')
def test_arbitrary_bytes_end_in_words(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(raw)
    with contextlib.suppress(SpecError):
        specfile.load(path, {}, environ={})
    with contextlib.suppress(SpecError):
        specfile.load_models(path, environ={})
    (tmp_path / "models.yaml").write_bytes(raw)
    specfile.find_root(path)


@given(st.text("ab:-[]{}\"'|>#&*!%@?,\n\t \\~<.0e：，“”", max_size=60))
@settings(max_examples=300, deadline=None)
def test_arbitrary_punctuation_ends_in_words_inside_the_text(text: str) -> None:
    try:
        found = yamltext.parse(text, path="x.yaml").problems
    except SpecError as error:
        found = error.problems
    lines = text.split("\n")
    for problem in found:
        assert 1 <= problem.place.line <= len(lines)
        assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
        assert "not valid YAML" not in problem.what or problem.what.isprintable()


MODELS = {
    "atlas": Model(alias="atlas", provider="paper", model="atlas", target=True),
    "nova": Model(alias="nova", provider="paper", model="nova"),
}
SPEC_KEYS = st.sampled_from(
    [*shipped("spec.json")["properties"], "probes", "framings", "sample", "titel", "种类"]
)
INNER_KEYS = st.sampled_from(
    ["include", "questions", "name", "model", "size", "stop", "strict_rate", "toy_mean"]
)
SPEC_VALUES = (
    PLAIN
    | st.sampled_from(["identity", "all", "claims", "recorded", "gate", "atlas", "packs/a.yaml", "${X}"])
    | st.lists(st.sampled_from(["atlas", "nova", "X", "packs/a.yaml"]), max_size=3)
    | st.dictionaries(
        INNER_KEYS,
        PLAIN | st.dictionaries(st.sampled_from(["statistic", "at_most", "at_least", "average"]), SCALARS),
        max_size=3,
    )
)


@given(st.dictionaries(SPEC_KEYS, SPEC_VALUES, max_size=8))
@QUICK
def test_arbitrary_values_in_a_spec_end_in_words_with_places(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(specfile.dumps(document), encoding="utf-8")
    found: Sequence[Problem] = ()
    try:
        spec = specfile.load(path, MODELS, environ={})
        assert (spec.kind, spec.title) == (document["kind"], document["title"])
    except SpecError as error:
        found = error.problems
    assert all(problem.place.path == str(path) and "\n" not in str(problem) for problem in found)


CARD_KEYS = st.sampled_from(
    [*shipped("models.json")["$defs"]["card"]["properties"], "replies", "transcripts"]
)
CARD_VALUES = (
    PLAIN
    | st.sampled_from(
        ["paper", "stone", "local", "recorded", "scripted", "${X}", "${", "https://a.example.org"]
    )
    | st.dictionaries(
        st.sampled_from(["name", "maker", "accept", "input", "output", "path", "format"]), PLAIN, max_size=3
    )
)


@given(
    st.dictionaries(
        st.sampled_from(["atlas", "nova", "no slug"]) | KEYS,
        st.dictionaries(CARD_KEYS, CARD_VALUES) | PLAIN,
        max_size=3,
    )
)
@QUICK
def test_arbitrary_values_in_cards_end_in_words_with_places(tmp_path: Path, document: dict[str, Any]) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(specfile.dumps(document), encoding="utf-8")
    found: Sequence[Problem] = ()
    try:
        assert list(specfile.load_models(path, environ={})) == list(document)
    except SpecError as error:
        found = error.problems
    assert all(problem.place.path == str(path) and "\n" not in str(problem) for problem in found)


@st.composite
def valid_specs(draw: st.DrawFn) -> dict[str, Any]:
    words = st.text("abc 你好：'\"#-", min_size=1, max_size=12).filter(str.strip)
    shares = st.floats(0, 1) | st.sampled_from([0, 1])
    gate = st.fixed_dictionaries(
        {"at_most": shares},
        optional={
            "confidence": st.floats(0.01, 0.99),
            "min_n": st.integers(1, 50),
            "stop_early": st.booleans(),
        },
    )
    rates = st.sampled_from(["strict_rate", "loose_rate"])
    sampling = st.fixed_dictionaries({"max_tokens": st.integers(1, 99)}, optional={"stop": words})
    questions = draw(st.lists(words, min_size=1, max_size=3))
    return {
        "kind": "identity",
        "title": draw(words),
        "probes": {"questions": [{"id": f"q{n}", "en": text} for n, text in enumerate(questions)]},
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "source": words,
                    "targets": st.just("all") | st.permutations(["atlas", "nova"]),
                    "sampling": sampling,
                    "repeats": st.integers(1, 9),
                    "on_miss": st.just("fail"),
                    "on_cutoff": st.sampled_from(["judge", "unscored"]),
                    "gates": st.dictionaries(rates, gate, min_size=1),
                },
            )
        ),
    }  # fmt: skip


@given(valid_specs())
@QUICK
def test_a_valid_spec_survives_a_round_trip(tmp_path: Path, document: dict[str, Any]) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(specfile.dumps(document), encoding="utf-8")
    spec = specfile.load(path, MODELS, environ={})
    again: dict[str, Any] = {
        "kind": spec.kind,
        "title": spec.title,
        **spec.body,
        **{
            key: getattr(spec, key)
            for key in ("source", "repeats", "on_miss", "on_cutoff")
            if key in document
        },
    }
    if "targets" in document:
        again["targets"] = spec.targets if spec.targets == "all" else list(spec.targets)
    if "sampling" in document:
        again["sampling"] = {"max_tokens": spec.sampling.max_tokens}
        if spec.sampling.stop:
            again["sampling"]["stop"] = spec.sampling.stop[0]
    if "gates" in document:
        again["gates"] = {
            gate.name: {key: getattr(gate, key) for key in document["gates"][gate.name]}
            for gate in spec.gates
        }
    assert again == document
