"""A confidential model's text goes to the hosts of its card, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests import specfile
from distill_tests.errors import SpecError
from distill_tests.registry import judges, kinds, provider
from distill_tests.sharing import sharing_trouble
from distill_tests.types import Json, Model
from tests.specfile_toys import Paper


@provider("faraway", options={})
class Faraway(Paper):
    """A provider outside of this process that says where it is, as the card has it."""

    embedded = False

    def identifies(self) -> Mapping[str, Json]:
        return {"base_url": self.model.base_url}


@provider("silent", options={})
class Silent(Paper):
    """A provider outside of this process that says nothing of where it is."""

    embedded = False


def owner(*share_with: str, confidential: bool = True) -> Model:
    return Model(
        alias="copilot", provider="paper", model="c", confidential=confidential, share_with=share_with
    )


def reader(base_url: str | None, name: str = "faraway") -> Model:
    return Model(alias="judge", provider=name, model="j", base_url=base_url)


@pytest.mark.parametrize(
    ("share_with", "base_url"),
    [
        ("judge.example.org", "https://judge.example.org/v1"),
        ("judge.example.org", "https://JUDGE.example.ORG"),
        ("Judge.Example.Org", "https://judge.example.org:8443/v1"),
        ("judge.example.org:443", "https://judge.example.org/v1"),
        ("localhost:8080", "http://localhost:8080/v1"),
        ("127.0.0.1", "http://127.0.0.1:9/v1"),
    ],
)
def test_a_host_of_the_card_may_see_the_text(share_with: str, base_url: str) -> None:
    assert sharing_trouble(owner("other.example", share_with), reader(base_url)) is None


@pytest.mark.parametrize(
    ("share_with", "base_url"),
    [
        ("judge.example.org", "https://judge.example.org.evil.example/v1"),
        ("judge.example.org", "https://evil-judge.example.org/v1"),
        ("judge.example.org", "https://sub.judge.example.org/v1"),
        ("judge.example.org", "https://judge.example.org@evil.example/v1"),
        ("judge.example.org", "https://evil.example/judge.example.org"),
        ("judge.example.org", "https://evil.example?judge.example.org"),
        ("judge.example.org", "https://evil.example#@judge.example.org"),
        ("judge.example.org", "https://evil.example\\@judge.example.org/"),
        ("judge.example.org", "https://judge.example.org./v1"),
        ("judge.example.org", "https://judge.exаmple.org/v1"),
        ("judge.example.org:443", "https://judge.example.org:8443/v1"),
        ("judge.example.org:443", "http://judge.example.org/v1"),
        ("judge.example.org", "ftp://judge.example.org/v1"),
        ("judge.example.org", "judge.example.org"),
        ("judge.example.org", "https://judge.example.org:port/"),
        ("judge.example.org", "https://[::1]/v1"),
        ("judge.example.org", ""),
        ("judge.example.org", None),
    ],
)
def test_any_other_address_may_not(share_with: str, base_url: str | None) -> None:
    assert sharing_trouble(owner(share_with), reader(base_url)) is not None


def test_a_card_that_shares_with_nobody_shares_with_nobody() -> None:
    trouble = sharing_trouble(owner(), reader("https://judge.example.org"))
    assert trouble is not None
    assert trouble.what == "'copilot' is confidential, and 'judge' is asked at judge.example.org"
    assert trouble.allowed == "share_with on the card of 'copilot' allows no host"


def test_a_provider_that_does_not_say_where_it_is_may_see_nothing() -> None:
    trouble = sharing_trouble(owner("judge.example.org"), reader("https://judge.example.org", "silent"))
    assert trouble is not None
    assert trouble.what == "nobody can tell where 'judge' is asked"


def test_a_model_in_this_process_may_see_everything() -> None:
    assert sharing_trouble(owner(), Model(alias="judge", provider="scripted", model="j")) is None
    assert sharing_trouble(owner(), reader("https://anywhere.example", "paper")) is None


def test_what_is_not_confidential_may_go_anywhere() -> None:
    assert sharing_trouble(owner(confidential=False), reader("https://anywhere.example")) is None


def test_a_model_may_see_its_own_words() -> None:
    own = Model(alias="a", provider="faraway", model="a", base_url="https://a.example", confidential=True)
    assert sharing_trouble(own, own) is None


def test_an_api_without_an_address_on_its_card_is_where_its_sdk_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    for name, host in (("openai", "api.openai.com"), ("anthropic", "api.anthropic.com")):
        assert sharing_trouble(owner(host), reader(None, name)) is None
        assert sharing_trouble(owner("judge.example.org"), reader(None, name)) is not None
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    trouble = sharing_trouble(owner("api.openai.com"), reader(None, "openai"))
    assert trouble is not None
    assert trouble.what.endswith("is asked at elsewhere.example")


@given(st.text())
def test_no_address_raises_or_passes_for_a_host_that_it_only_contains(text: str) -> None:
    assert (
        sharing_trouble(owner("judge.example.org"), reader(f"https://x{text}judge.example.org.x/"))
        is not None
    )


# --- at collection ------------------------------------------------------------------------------

CARDS = """
copilot:
  provider: paper
  target: true
  confidential: true
  share_with: [judge.example.org]
  identity: {name: Copilot, maker: Example Lab}
near: {provider: faraway, base_url: "https://judge.example.org/v1"}
far: {provider: faraway, base_url: "https://elsewhere.example/v1"}
"""
SPEC = """
kind: identity
title: Says who it is
probes: {include: packs/questions.yaml}
judge:
  name: rubric
  model: MODEL
"""


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "specs"
    (folder / "packs").mkdir(parents=True)
    (folder / "models.yaml").write_text(CARDS, encoding="utf-8")
    (folder / "packs" / "questions.yaml").write_text(
        "developer: {topic: maker, en: Who developed you?}\n", encoding="utf-8"
    )
    return folder


def written(folder: Path, text: str) -> Path:
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    return folder / "spec.yaml"


def test_a_judge_elsewhere_is_an_error_at_its_place_before_anything_is_asked(specs: Path) -> None:
    written(specs, SPEC.replace("MODEL", "far"))
    assert [str(problem) for problem in specfile.check([specs], environ={})] == [
        "specs/spec.yaml:7:10: judge 'rubric' would send on what 'copilot' says: 'copilot' is confidential, "
        "and 'far' is asked at elsewhere.example; "
        "share_with on the card of 'copilot' allows judge.example.org"
    ]


def test_a_judge_at_an_allowed_host_is_none(specs: Path) -> None:
    written(specs, SPEC.replace("MODEL", "near"))
    assert specfile.check([specs], environ={}) == []


def test_the_collected_cases_of_a_target_say_so_too(specs: Path) -> None:
    models = specfile.load_models(specs / "models.yaml", environ={})
    spec = specfile.load(written(specs, SPEC.replace("MODEL", "far")), models, environ={})
    cases = tuple(kinds.get("identity").kind.cases(spec, models["copilot"]))
    assert len(list(specfile.case_problems(cases, spec, models["copilot"]))) == 1


# --- the options of rubric in a spec ------------------------------------------------------------

OWN = "score calm: 1 to 5\n===\n{answer}\n{output}\n"


def loaded(specs: Path, judge: str, environ: Mapping[str, str] | None = None) -> Mapping[str, object]:
    models = specfile.load_models(specs / "models.yaml", environ={})
    text = SPEC[: SPEC.index("judge:")] + f"judge: {judge}\n"
    use = specfile.load(written(specs, text), models, environ=environ or {}).judge
    assert use is not None
    return use.options


@pytest.mark.parametrize(
    "judge",
    [
        "{name: rubric, model: near, prompt: rubrics/calm.txt}",
        "{name: rubric, model: near, rubric: {prompt: rubrics/calm.txt}}",
        "{name: rubric, model: near, prompt: '${FOLDER}/calm.txt'}",
    ],
)
def test_a_prompt_file_is_relative_to_its_spec(
    specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: str
) -> None:
    (specs / "rubrics").mkdir()
    (specs / "rubrics" / "calm.txt").write_text(OWN, encoding="utf-8")
    options = loaded(specs, judge, {"FOLDER": "rubrics"})
    monkeypatch.chdir(specs / "packs")
    assert judges.get("rubric").declared(options).scale == (1.0, 5.0)


@pytest.mark.parametrize(
    ("judge", "problem"),
    [
        ("{name: rubric, model: near, prompt: no.txt}", "judge 'rubric': there is no such file: "),
        ("{name: rubric, model: near, both_orders: true}", "both_orders is for a rubric that compares"),
        ("{name: rubric, model: near, votes: 2}", "'votes' must be 1, 3, 5, 7 or 9 (got 2)"),
        ("{name: rubric, model: near, rubric: idenity}", "identity"),
        ("{name: rubric, model: near, vote: 3}", "did you mean 'votes'?"),
        ("{name: rubric}", "judge 'rubric' asks a model; say which: {name: rubric, model: ALIAS}"),
        ("{name: rubric, model: near, prompt: '${NOWHERE}/x.txt'}", "'NOWHERE' is not set"),
    ],
)
def test_wrong_options_are_problems_at_collection(specs: Path, judge: str, problem: str) -> None:
    with pytest.raises(SpecError) as refused:
        loaded(specs, judge)
    assert problem in str(refused.value)
    assert "specs/spec.yaml:5:" in str(refused.value)
