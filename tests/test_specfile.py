"""Model cards, specs and packs as they come out of their files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from distill_tests import specfile
from distill_tests.errors import SpecError
from distill_tests.types import Gate, Identity, JudgeUse, Model, Place, Price, Relation, Sampling, Spec
from tests import specfile_toys  # noqa: F401 - registers what the cards name

CARDS = """
atlas: {provider: paper, target: true, identity: {name: Atlas, maker: Example Lab}}
nova: {provider: paper, identity: {name: Nova, maker: Example Lab}}
"""
SPEC = """
kind: identity
title: Says who it is
probes: {include: packs/questions.yaml}
"""
PACK = "developer: {topic: maker, en: Which company developed you?, zh: 你是哪家公司开发的？}\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Writes a file below the current directory, which holds cards, a spec and a pack already."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    write("specs/models.yaml", CARDS)
    write("specs/spec.yaml", SPEC)
    write("specs/packs/questions.yaml", PACK)
    return write


Write = Callable[[str, str], Path]


def card(text: str, write: Write, environ: Mapping[str, str] | None = None) -> Model:
    return specfile.load_models(write("specs/models.yaml", text), environ=environ or {})["atlas"]


def loaded(text: str, write: Write, environ: Mapping[str, str] | None = None) -> Spec:
    models = specfile.load_models(Path("specs/models.yaml"), environ={})
    return specfile.load(write("specs/spec.yaml", text), models, environ=environ or {})


def problems(text: str, write: Write, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SpecError) as error:
        loaded(text, write, environ)
    return [str(problem) for problem in error.value.problems]


# --- model cards --------------------------------------------------------------------------------


def test_a_card_holds_everything_that_was_written(write: Write) -> None:
    model = card(
        """
atlas:
  provider: paper
  model: atlas-1
  base_url: https://${HOST}/v1
  api_key: ${ATLAS_KEY}
  revision: "2025-01"
  system: You are Atlas.
  ask_as: completion
  params: {top_k: 40, stop: [a, on, 010]}
  price: {input: 1.6, output: 6}
  confidential: true
  share_with: [judge.example.org, "localhost:8080"]
  target: true
  requires: [AUDIT_DATA]
  replies: [one, two]
  identity:
    name: Atlas
    maker: Example Lab
    former: Old Atlas
    aliases: [阿特拉斯, Atlas AI]
    country: [France, Norway]
    facts: It was first shown in Oslo.
    accept: [{model: Llama, maker: Meta, relation: built_on, source: https://example.org}]
""",
        write,
        {"HOST": "api.example.org", "ATLAS_KEY": "sk-never-read"},
    )
    assert model == Model(
        alias="atlas",
        provider="paper",
        model="atlas-1",
        base_url="https://api.example.org/v1",
        api_key_env="ATLAS_KEY",
        revision="2025-01",
        system="You are Atlas.",
        ask_as="completion",
        params={"top_k": 40, "stop": ["a", "on", "010"]},
        price=Price(input=1.6, output=6),
        confidential=True,
        share_with=("judge.example.org", "localhost:8080"),
        target=True,
        identity=Identity(
            name="Atlas",
            maker="Example Lab",
            former=("Old Atlas",),
            aliases=("阿特拉斯", "Atlas AI"),
            country=("France", "Norway"),
            facts=("It was first shown in Oslo.",),
            accept=(
                Relation(model="Llama", maker="Meta", relation="built_on", source="https://example.org"),
            ),
        ),
        options={"replies": ["one", "two"]},
        directory=str(Path.cwd() / "specs"),
        requires=("AUDIT_DATA",),
        place=Place(path="specs/models.yaml", line=2, column=1),
    )


def test_a_card_needs_only_a_provider_and_is_asked_for_by_its_alias(write: Write) -> None:
    model = card("atlas: {provider: paper}", write)
    assert (model.model, model.system, model.ask_as, model.target) == ("atlas", "default", "chat", False)


def test_the_key_is_kept_by_its_variables_name_whether_it_is_set_or_not(write: Write) -> None:
    model = card("atlas: {provider: paper, api_key: '${ATLAS_KEY}'}", write, {"ATLAS_KEY": "sk-secret"})
    assert model.api_key_env == "ATLAS_KEY"
    assert "sk-secret" not in repr(model)
    assert card("atlas: {provider: paper, api_key: '${ATLAS_KEY}'}", write, {}).api_key_env == "ATLAS_KEY"


def test_a_path_of_a_provider_may_name_a_variable(write: Write) -> None:
    text = "atlas: {provider: stone, tablet: {path: '${DATA}/a.jsonl'}}"
    assert card(text, write, {"DATA": "/somewhere"}).options == {"tablet": {"path": "/somewhere/a.jsonl"}}
    with pytest.raises(SpecError, match="'DATA' is not set"):
        card(text, write, {})


def test_a_card_that_requires_a_variable_loads_without_it_and_says_so(write: Write) -> None:
    text = "atlas: {provider: stone, requires: [DATA], tablet: {path: '${DATA}/a.jsonl'}}"
    assert card(text, write, {}).requires == ("DATA",)


def test_an_address_is_checked_again_when_its_variables_are_in_place_and_not_shown(write: Write) -> None:
    with pytest.raises(SpecError, match="'base_url' has the wrong form") as error:
        card("atlas: {provider: paper, base_url: '${URL}'}", write, {"URL": "ftp://hidden.example.org"})
    assert "hidden" not in str(error.value)


# --- specs --------------------------------------------------------------------------------------


def test_a_spec_holds_everything_that_was_written(write: Write) -> None:
    spec = loaded(
        """
kind: identity
title: Says who it is
source: A paper
targets: [nova, atlas]
requires: [AUDIT_DATA]
probes: {include: packs/questions.yaml, tags: [developer]}
judge: {name: panel-of-toys, model: nova, votes: 3}
sampling: {max_tokens: 60, temperature: 0.5, top_p: 1, seed: 7, stop: END}
repeats: 3
on_miss: gate
on_cutoff: unscored
gates:
  toy_mean: {at_least: 4, average: macro, confidence: 0.9, min_n: 5, max_missing: 0, stop_early: true}
  strict: {statistic: strict_rate, at_most: 0}
""",
        write,
    )
    models = specfile.load_models(Path("specs/models.yaml"), environ={})
    assert (spec.path, spec.kind, spec.title, spec.source) == (
        "specs/spec.yaml",
        "identity",
        "Says who it is",
        "A paper",
    )
    assert (spec.targets, spec.requires, spec.models) == (("nova", "atlas"), ("AUDIT_DATA",), models)
    assert spec.judge == JudgeUse(name="panel-of-toys", options={"votes": 3}, model=models["nova"])
    assert spec.sampling == Sampling(max_tokens=60, temperature=0.5, top_p=1, seed=7, stop=("END",))
    assert (spec.repeats, spec.on_miss, spec.on_cutoff) == (3, "gate", "unscored")
    assert spec.gates == (
        Gate(
            name="toy_mean",
            statistic="toy_mean",
            at_least=4.0,
            confidence=0.9,
            min_n=5,
            max_missing=0.0,
            stop_early=True,
            options={"average": "macro"},
            place=Place(path="specs/spec.yaml", line=14, column=13),
        ),
        Gate(
            name="strict",
            statistic="strict_rate",
            at_most=0.0,
            place=Place(path="specs/spec.yaml", line=15, column=11),
        ),
    )
    assert set(spec.body) == {"probes"}


def test_what_is_left_out_has_the_documented_default(write: Write) -> None:
    spec = loaded(SPEC, write)
    assert (spec.targets, spec.judge, spec.gates, spec.requires) == ("all", None, (), ())
    assert (spec.repeats, spec.on_miss, spec.on_cutoff, spec.sampling) == (1, "fail", "judge", Sampling())


def test_gates_keep_the_order_of_the_file(write: Write) -> None:
    gates = (
        "gates: {loose_rate: {at_most: 1}, a: {statistic: toy_mean, at_most: 1}, strict_rate: {at_most: 1}}"
    )
    assert [gate.name for gate in loaded(SPEC + gates, write).gates] == ["loose_rate", "a", "strict_rate"]


def test_a_threshold_is_held_against_the_scale_of_its_own_statistic(write: Write) -> None:
    found = problems(
        SPEC + "gates: {toy_mean: {at_most: 7}, low: {statistic: toy_mean, at_least: 0.5}}\n", write
    )
    assert found == [
        "specs/spec.yaml:5:29: gate 'toy_mean': at_most 7 is outside the scale 1..5 of 'toy_mean'",
        "specs/spec.yaml:5:70: gate 'low': at_least 0.5 is outside the scale 1..5 of 'toy_mean'",
    ]


def test_the_ends_of_the_scale_are_thresholds(write: Write) -> None:
    text = SPEC + "gates: {toy_mean: {at_most: 5}, low: {statistic: toy_mean, at_least: 1}}\n"
    assert [(gate.at_most, gate.at_least) for gate in loaded(text, write).gates] == [(5, None), (None, 1)]


def test_the_options_of_a_gate_are_those_of_its_statistic(write: Write) -> None:
    found = problems(SPEC + "gates: {toy_mean: {at_most: 4, average: makro, avrage: macro}}\n", write)
    assert found == [
        "specs/spec.yaml:5:41: 'average' must be 'macro' or 'micro' (got 'makro'); did you mean 'macro'?",
        "specs/spec.yaml:5:48: unknown key 'avrage' in 'toy_mean'; did you mean 'average'?",
    ]


def test_a_judge_that_asks_a_model_has_to_be_told_which(write: Write) -> None:
    assert problems(SPEC + "judge: panel-of-toys\n", write) == [
        "specs/spec.yaml:5:8: judge 'panel-of-toys' asks a model; "
        "say which: {name: panel-of-toys, model: ALIAS}"
    ]
    assert problems(SPEC + "judge: {name: panel-of-toys, model: nowa, votes: 0}\n", write) == [
        "specs/spec.yaml:5:37: unknown model 'nowa'; did you mean 'nova'?",
        "specs/spec.yaml:5:50: 'votes' must be at least 1 (got 0)",
    ]


# --- packs --------------------------------------------------------------------------------------


def test_an_include_becomes_the_documents_and_their_places_lie_in_the_pack(write: Write) -> None:
    spec = loaded(SPEC, write)
    assert spec.body["probes"]["include"] == [
        {"developer": {"topic": "maker", "en": "Which company developed you?", "zh": "你是哪家公司开发的？"}}
    ]
    at = ("probes", "include", 0, "developer", "zh")
    assert str(spec.place(*at)) == "specs/packs/questions.yaml:1:65"
    assert str(spec.place("probes", "include", 0, "nothing")) == "specs/packs/questions.yaml:1:1"
    assert str(spec.place("probes", "include")) == "specs/spec.yaml:4:19"


def test_packs_include_packs_each_file_once_and_those_included_come_first(write: Write) -> None:
    write("specs/packs/a.yaml", "include: [more/b.yaml, questions.yaml]\na: {en: A?}\n")
    write("specs/packs/more/b.yaml", "include: ../questions.yaml\nb: {en: B?}\n")
    spec = loaded(SPEC.replace("packs/questions.yaml", "[packs/a.yaml, packs/questions.yaml]"), write)
    assert [list(document) for document in spec.body["probes"]["include"]] == [["developer"], ["b"], ["a"]]
    assert str(spec.place("probes", "include", 1, "b")) == "specs/packs/more/b.yaml:2:4"


def test_a_variable_in_an_include_is_expanded(write: Write, tmp_path: Path) -> None:
    text = SPEC.replace("packs/questions.yaml", "'${AUDIT_PACKS}/questions.yaml'")
    spec = loaded(text, write, {"AUDIT_PACKS": str(tmp_path / "specs/packs")})
    assert len(spec.body["probes"]["include"]) == 1


def test_a_spec_that_requires_an_unset_variable_loads_without_the_packs_behind_it(write: Write) -> None:
    text = (
        SPEC.replace("packs/questions.yaml", "'${AUDIT_PACKS}/questions.yaml'") + "requires: [AUDIT_PACKS]\n"
    )
    spec = loaded(text, write, {})
    assert (spec.requires, spec.body["probes"]["include"]) == (("AUDIT_PACKS",), [])


def test_the_problems_of_a_spec_and_of_its_packs_come_in_one_list_the_spec_first(write: Write) -> None:
    write("specs/packs/questions.yaml", "developer: {enn: Who?}\nb: {en: 1}\n")
    assert problems(SPEC + "repeats: 0\n", write) == [
        "specs/spec.yaml:5:10: 'repeats' must be at least 1 (got 0)",
        "specs/packs/questions.yaml:1:13: unknown key 'enn' in 'developer'; did you mean 'en'?",
        "specs/packs/questions.yaml:2:9: 'en' must be text (got 1); put it into quotes",
    ]


def test_an_include_of_4000_questions_loads_in_about_a_second(write: Write) -> None:
    row = "q{0}:\n  topic: maker\n  tags: [maker, company]\n  en: Who made you, {0}?\n  zh: 你是谁？\n"
    write("specs/packs/questions.yaml", "".join(row.format(n) for n in range(4000)))
    started = time.thread_time()
    spec = loaded(SPEC, write)
    assert time.thread_time() - started < 15  # about 0.6 s on an idle core
    assert len(spec.body["probes"]["include"][0]) == 4000


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"kez{n}: 1\n" for n in range(60_000)),
        "x" * 900_000 + ": 1\n",
        f"on_miss: {'gate' * 200_000}\n",
        f"targets: [{', '.join(map(str, range(60_000)))}]\n",
        f"targets: [{', '.join(['[1]'] * 30_000)}]\n",
        f"targets: [{', '.join(f'atlas{n}' for n in range(60_000))}]\n",
        f"targets: [{', '.join(f'{{a: {n}}}' for n in range(20_000))}]\n",
        "gates:\n" + "".join(f"  gate{n}: {{at_mots: 1}}\n" for n in range(20_000)),
        "gates:\n" + "".join(f"  gate{n}: {{statistic: toy_mean, at_most: 1}}\n" for n in range(20_000)),
        "sampling: {stop: [" + "a, " * 90_000 + "1]}\n",
        "title: " + "{a: " * 40 + "x" * 900_000,
    ],
    ids=lambda body: body[:20].strip(),
)
def test_a_hostile_spec_is_refused_in_bounded_time_and_with_a_bounded_list(body: str, write: Write) -> None:
    started = time.thread_time()
    assert 0 < len(problems("kind: identity\n" + body, write)) <= 1000
    assert time.thread_time() - started < 40  # below 2 s on an idle core


# --- which files are ours -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "ours"),
    [
        ("atlas:\n  provider: local\n  target: true\n", True),
        ("# cards\n\natlas: # the first\n  # how\n  model: a\n  identity: {}\n", True),
        ('"atlas":\n    "provider" : local\n    "identity" : {}\n', True),
        ("atlas: {model: a, provider: local, target: true}\n", True),
        ("atlas:\n  provider：local\n  identity：{}\n", True),
        ("atlas:\r\n  provider: local\r\n  target: true\r\n", True),
        ("atlas:\n  provder: local\n  identity: {name: A, maker: B}\n", True),
        ("my atlas:\n  provider: local\n  target: true\n", True),
        ("atlas：\n  provider: local\n  target: true\n", True),
        ("# yaml-language-server: $schema=../distill_tests/schema/models.json\n", True),
        ("# yaml-language-server: $schema=.schema/models.json\n", True),
        ("gpt4:\n  provider: openai\n  model: gpt-4\n", False),
        ("models:\n  provider: x\n", False),
        ("model:\n  target: price\n", False),
        ("models:\n  - name: a\n    provider: openai\n", False),
        ("models:\n  a:\n    provider: openai\n", False),
        ("- provider: openai\n", False),
        ("provider: openai\n", False),
        ("version: 2\nmodels:\n  - name: customers\n", False),
        ("", False),
        ("\x00\xff", False),
    ],
)
def test_a_directory_is_ours_when_its_models_yaml_holds_cards(cards: str, ours: bool, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(cards, encoding="utf-8")
    root = specfile.find_root(tmp_path / "deep" / "down" / "spec.yaml")
    assert root == (tmp_path if ours else None)


def test_a_models_yaml_of_anybody_counts_for_a_file_that_is_a_spec(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("gpt4:\n  provider: openai\n  model: gpt-4\n", encoding="utf-8")
    (tmp_path / "spec.yaml").write_text("kind: similarity\ntitle: Alike\n", encoding="utf-8")
    (tmp_path / "pod.yaml").write_text("kind: Pod\nmetadata: {name: x}\n", encoding="utf-8")
    assert specfile.find_root(tmp_path / "spec.yaml") == tmp_path
    assert specfile.find_root(tmp_path / "pod.yaml") is None
    assert specfile.find_root(tmp_path / "pod.yaml", cautious=False) == tmp_path


def test_models_yaml_packs_and_data_are_no_specs(write: Write) -> None:
    root = Path.cwd() / "specs"
    found = {
        name: specfile.find_root(Path("specs") / name)
        for name in ("spec.yaml", "a/b.yaml", "models.yaml", "packs/a.yaml", "a/data/b.yaml", "data/a/b.yaml")
    }
    assert found == {
        "spec.yaml": root,
        "a/b.yaml": root,
        "models.yaml": None,
        "packs/a.yaml": None,
        "a/data/b.yaml": None,
        "data/a/b.yaml": None,
    }


def test_the_nearest_directory_with_cards_counts_and_a_folder_above_it_may_be_called_data(
    tmp_path: Path,
) -> None:
    inner = tmp_path / "data" / "specs"
    inner.mkdir(parents=True)
    for folder in (tmp_path, inner):
        (folder / "models.yaml").write_text(CARDS, encoding="utf-8")
    assert specfile.find_root(inner / "spec.yaml") == inner


def test_the_search_for_cards_stops_where_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(CARDS, encoding="utf-8")
    below = tmp_path / "a" / "b"
    assert specfile.find_root(below / "spec.yaml", stop=tmp_path) == tmp_path
    assert specfile.find_root(below / "spec.yaml", stop=tmp_path / "a") is None


def test_a_models_yaml_that_cannot_be_read_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").mkdir()
    assert specfile.find_root(tmp_path / "spec.yaml") is None
    assert specfile.find_root(Path("a\0b/spec.yaml")) is None


# --- checking all files -------------------------------------------------------------------------


def checked(*paths: str, environ: Mapping[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in specfile.check([Path(path) for path in paths], environ=environ or {})]


def test_sound_files_have_no_problems(write: Write) -> None:
    assert checked("specs") == checked("specs/spec.yaml") == checked("specs/models.yaml") == []


def test_every_problem_of_every_file_is_listed_by_place(write: Write) -> None:
    write("specs/models.yaml", "atlas: {provider: paper, targets: true}\n")
    write("specs/b/second.yaml", "kind: identity\ntargets: [nobody]\nrepeat: 2\n")
    write("specs/spec.yaml", SPEC + "on_miss: maybe\n")
    write("specs/packs/questions.yaml", PACK + "b: {en: 1}\n")
    assert checked("specs") == [
        "specs/b/second.yaml:1:1: key 'title' is missing; for example title: Says who it is, whoever asks",
        "specs/b/second.yaml:1:1: key 'probes' is missing",
        "specs/b/second.yaml:3:1: unknown key 'repeat'; did you mean 'repeats'?",
        "specs/models.yaml:1:26: unknown key 'targets' in 'atlas'; did you mean 'target'?",
        "specs/packs/questions.yaml:2:9: 'en' must be text (got 1); put it into quotes",
        "specs/spec.yaml:5:10: 'on_miss' must be 'gate' or 'fail' (got 'maybe')",
    ]


def test_a_kinds_own_problems_are_listed_too(write: Write) -> None:
    write("specs/spec.yaml", SPEC.replace("yaml}", "yaml, tags: [no-such-tag]}"))
    assert [found.split(":")[:2] for found in checked("specs")] == [["specs/spec.yaml", "4"]]


def test_a_kind_is_not_asked_for_cases_of_a_spec_whose_data_are_absent(write: Write) -> None:
    write(
        "specs/spec.yaml",
        SPEC.replace("packs/questions.yaml", "'${PACKS}/questions.yaml'") + "requires: [PACKS]\n",
    )
    assert checked("specs") == []
    assert checked("specs", environ={"PACKS": "nowhere"}) == [
        "specs/spec.yaml:4:19: there is no file 'specs/nowhere/questions.yaml'; "
        "paths are relative to this file"
    ]


def test_a_pack_by_itself_is_held_against_the_schema_that_it_names(write: Write) -> None:
    head = "# yaml-language-server: $schema=../../distill_tests/schema/questions.json\n"
    write("specs/packs/unused.yaml", head + "developer: {enn: Who?}\n")
    assert checked("specs/packs/unused.yaml") == [
        "specs/packs/unused.yaml:2:13: unknown key 'enn' in 'developer'; did you mean 'en'?"
    ]
    write("specs/packs/unused.yaml", "developer: [a\n")
    assert checked("specs") == [
        "specs/packs/unused.yaml:1:12: the '[' that opens here is not closed; "
        "separate items by ', ' and close with ']'"
    ]


def test_other_peoples_yaml_is_passed_over_and_a_path_that_is_not_ours_is_named(write: Write) -> None:
    write("other/app.yaml", "kind: Deployment\n")
    write("other/models.yaml", "models: [{provider: x}]\n")
    assert checked("other/app.yaml") == [
        "other/app.yaml:1:1: no models.yaml of ours stands beside this file or above it; "
        "a spec lies below its model cards"
    ]
    assert checked("other") == [
        "other/models.yaml:1:1: this does not look like model cards: none has an identity or is a target; "
        "alias: {provider: …, identity: {name: …, maker: …}}"
    ]
    write("app.yaml", "kind: Deployment\n")
    assert checked(".") == []


def test_an_audit_of_nobody_is_a_problem(write: Write) -> None:
    write("specs/models.yaml", CARDS.replace("target: true, ", ""))
    assert checked("specs") == ["specs/spec.yaml:2:1: 'targets' is 'all', but no card has target: true"]


def test_a_claim_over_what_the_cases_do_not_have_names_what_was_meant(write: Write) -> None:
    gates = "judge: claims\ngates: {strict_rate: {at_most: 0.3, claim: {population: NAME}}}\n"
    write("specs/spec.yaml", SPEC.replace("judge: claims\n", "") + gates.replace("NAME", "framings"))
    (found,) = checked("specs")
    assert found.endswith("no 'framings' to claim over; did you mean 'framing'?")
    write("specs/spec.yaml", SPEC.replace("judge: claims\n", "") + gates.replace("NAME", "xyz"))
    (found,) = checked("specs")
    assert found.endswith("no 'xyz' to claim over; known: framing, question")


def test_a_gate_across_targets_of_a_spec_with_one_is_a_problem(write: Write) -> None:
    gates = "judge: claims\ngates: {strict_rate: {at_most: 0.3, across: worst}}\n"
    write("specs/spec.yaml", SPEC.replace("judge: claims\n", "") + gates + "targets: [atlas]\n")
    (found,) = checked("specs")
    assert "gate 'strict_rate': across compares targets; this spec has one: 'atlas'" in found
    write("specs/spec.yaml", SPEC.replace("judge: claims\n", "") + gates + "targets: [atlas, nova]\n")
    assert checked("specs") == []


def test_data_folders_and_hidden_files_are_not_looked_at(write: Write) -> None:
    for name in ("specs/data/a.yaml", "specs/.hidden.yaml", "specs/.cache/a.yaml"):
        write(name, "[")
    assert checked("specs") == []


def test_a_loop_of_links_ends_in_words(write: Write) -> None:
    Path("specs/packs/questions.yaml").unlink()
    Path("specs/packs/questions.yaml").symlink_to("questions.yaml")
    assert problems(SPEC, write) == [
        "specs/spec.yaml:4:19: there is no file 'specs/packs/questions.yaml'; paths are relative to this file"
    ]


def test_paths_below_the_current_directory_are_shown_relative_others_whole(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("specs/spec.yaml", "kind: x\n")
    monkeypatch.chdir(tmp_path / "specs" / "packs")
    assert checked("../spec.yaml")[0].startswith(f"{tmp_path}/specs/spec.yaml:1:1: ")


def test_a_prompt_that_a_recording_lacks_is_a_problem_of_the_spec(write: Write) -> None:
    write("specs/data/rows.jsonl", '{"prompt": "Who made you?", "reply": "Example Lab."}\n')
    write(
        "specs/models.yaml",
        "tape: {provider: recorded, target: true, transcripts: {format: jsonl, path: data/rows.jsonl}}\n",
    )
    questions = "[{id: maker, en: Who made you?}, {id: team, en: Which?}]"
    write("specs/spec.yaml", f"kind: identity\ntitle: x\nprobes: {{questions: {questions}}}\n")
    assert checked("specs") == [
        "specs/spec.yaml:3:69: the recording 'tape' has no reply to case 'team-en.plain'; "
        "record it, or take the probes from the recording (probes: {recorded: all})"
    ]


def test_a_recording_that_is_not_there_is_told_at_its_card(write: Write) -> None:
    write(
        "specs/models.yaml",
        "tape: {provider: recorded, target: true, transcripts: {format: jsonl, path: data/nine.jsonl}}\n",
    )
    write("specs/data/none.jsonl", "")
    assert checked("specs/spec.yaml") == [
        "specs/models.yaml:1:1: tape: there is no file 'specs/data/nine.jsonl'; "
        "did you mean 'none.jsonl'? Paths are relative to this file"
    ]


def test_a_scripted_pattern_that_is_none_is_told_at_its_place(write: Write) -> None:
    write("specs/models.yaml", "toy:\n  provider: scripted\n  replies:\n    - {reply: a, regex: '('}\n")
    (found,) = checked("specs/models.yaml")
    assert found.startswith("specs/models.yaml:4:18: regex '(' is no pattern: missing )")


@pytest.mark.parametrize("key", ["name", "maker", "aliases", "country"])
def test_an_identity_card_holds_nothing_blank(write: Write, key: str) -> None:
    card = {"name": "Toy", "maker": "Toy Lab", key: " "}
    inner = ", ".join(f"{name}: '{value}'" for name, value in card.items())
    write("specs/models.yaml", f"toy:\n  provider: scripted\n  identity: {{{inner}}}\n")
    (found,) = checked("specs/models.yaml")
    assert found.endswith(f": '{key}' has the wrong form (got ' '); it must not be blank")


def test_a_spec_says_what_is_wrong_with_its_questions_together_with_all_the_rest(write: Write) -> None:
    write("specs/packs/questions.yaml", "a: {topic: x, en: 'Is it {question}?'}\n")
    write(
        "specs/more.yaml",
        "kind: identity\ntitle: T\nprobes: {include: packs/questions.yaml, tags: [nix]}\njudge: claim\n"
        "repeats: 0\n",
    )
    write("specs/models.yaml", "toy: {provider: scriptd, target: true}\n")
    assert [problem.split(": ")[0] for problem in checked("specs/more.yaml")] == [
        "specs/models.yaml:1:17",
        "specs/more.yaml:3:48",
        "specs/more.yaml:4:8",
        "specs/more.yaml:5:10",
        "specs/packs/questions.yaml:1:19",
    ]


def test_gates_of_an_identity_spec_need_a_judge_before_anything_is_asked(write: Write) -> None:
    write("specs/models.yaml", "toy: {provider: scripted, target: true, identity: {name: T, maker: U}}\n")
    write(
        "specs/no-judge.yaml",
        "kind: identity\ntitle: T\nprobes: {questions: [{id: a, text: Who?}]}\n"
        "gates: {loose_rate: {at_most: 0.1}}\n",
    )
    assert checked("specs/no-judge.yaml") == [
        "specs/no-judge.yaml:4:8: key 'judge' is missing: gates count what a judge says of each answer; "
        "for example judge: claims"
    ]


def test_a_path_that_does_not_exist_is_said_not_to(write: Write) -> None:
    assert checked("specs/none.yaml") == ["specs/none.yaml:1:1: there is no such file"]
    assert checked("none.yaml") == ["none.yaml:1:1: there is no such file"]


# --- cards that could not run -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        (
            "gpt: {provider: openai, params: {temperature: 1}}\n",
            "specs/models.yaml:1:34: 'temperature' is not for a card's params; "
            "it is for the spec to say, under sampling",
        ),
        (
            "gpt: {provider: anthropic, params: {stream: true}}\n",
            "specs/models.yaml:1:37: 'stream' is not supported in params; remove it",
        ),
        (
            "gpt: {provider: anthropic, ask_as: completion}\n",
            "specs/models.yaml:1:28: anthropic cannot be asked as a completion; ask_as: chat",
        ),
        (
            "small: {provider: local}\n",
            "specs/models.yaml:1:1: small: the card names no weights; give 'weights' or 'path' (a GGUF file)",
        ),
        (
            "small: {provider: local, path: nofile.gguf}\n",
            "specs/models.yaml:1:1: small: there is no file 'specs/nofile.gguf'; "
            "paths are relative to models.yaml",
        ),
        (
            "a: {provider: paper, identity: {name: A, maker: B, accept: [{relation: builton, maker: C}]}}\n",
            "specs/models.yaml:1:72: 'relation' must be 'built_on', 'fine_tuned_from', 'distilled_from', "
            "'merged_from' or 'hosted_by' (got 'builton'); did you mean 'built_on'?",
        ),
    ],
)
def test_a_card_that_cannot_run_is_a_problem_at_its_place(cards: str, expected: str, write: Write) -> None:
    write("specs/models.yaml", cards)
    assert checked("specs/models.yaml") == [expected]


def test_absent_weights_hinder_the_specs_that_use_them_and_no_other(write: Write) -> None:
    write("specs/models.yaml", CARDS + "small: {provider: local, path: nofile.gguf}\n")
    models = specfile.load_models(Path("specs/models.yaml"), environ={})
    spec = specfile.load(Path("specs/spec.yaml"), models, environ={})
    assert [len(list(specfile.case_problems((), spec, models[name]))) for name in ("atlas", "small")] == [
        0,
        1,
    ]
    with_hash = "small: {provider: local, weights: {path: nofile.gguf, sha256: " + "ab" * 32 + "}}\n"
    write("specs/models.yaml", CARDS + with_hash)
    assert checked("specs/models.yaml") == []  # stored replies are found by the hash


@pytest.mark.parametrize(("wanted", "given"), [("questions", "framings"), ("framings", "questions")])
def test_a_pack_of_the_other_sort_is_one_problem_where_it_is_included(
    wanted: str, given: str, write: Write
) -> None:
    write("specs/packs/asked.yaml", "".join(f"q{n}: {{topic: maker, en: Who?, zh: 谁}}\n" for n in range(60)))
    put = "".join(f"f{n}: {{family: fiction, en: 'Say {{question}}'}}\n" for n in range(60))
    write("specs/packs/put.yaml", put)
    files = {"questions": "packs/asked.yaml", "framings": "packs/put.yaml"}
    right = {"questions": files["questions"], "framings": files["framings"]} | {wanted: files[given]}
    text = (
        f"kind: identity\ntitle: A\nprobes:\n  include: {right['questions']}\n"
        f"framings:\n  include: {right['framings']}\n"
    )
    line = 4 if wanted == "questions" else 6
    assert problems(text, write) == [
        f"specs/spec.yaml:{line}:12: 'specs/{files[given]}' looks like a pack of {given}; "
        f"{wanted} are included here"
    ]
