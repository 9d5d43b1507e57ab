"""The laws: a judge that keeps them passes, one that breaks one is found out with a small example."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from distill_tests.errors import Stopped
from distill_tests.judges.claims import claims
from distill_tests.laws import LAWS, Example, Finding, try_law
from distill_tests.laws.sentences import BY_MAKER, BY_MODEL, DENIALS, OTHERS, QUOTING, known
from distill_tests.lexicon import find_names, fold, own_makers
from distill_tests.types import Exhibit, Score

EXAMPLES = 60
MANY = 100_000
Judge = Callable[[Exhibit], Score]


def score(strict: bool, claimed: str | None = None) -> Score:
    mark = float(strict)
    return Score(
        value=mark,
        label="foreign" if strict else "none",
        marks={"loose": mark, "strict": mark},
        claimed=claimed,
    )


def reader(*, negation: bool = True, quotes: bool = True, speaker: str = "sentence", only: str = "") -> Judge:
    """A judge for exactly the laws' sentences; each argument switches off what one law asks for."""

    def judge(exhibit: Exhibit) -> Score:
        assert exhibit.identity is not None
        folded, own = fold(exhibit.answer), own_makers(exhibit.identity)
        text, claimed = folded.text, {}
        for mention in reversed(find_names(folded)):
            if mention.maker not in own:
                claimed[f"F{mention.start}F"] = mention.maker
                text = f"{text[: mention.start]}F{mention.start}F{text[mention.end :]}"
            else:
                text = f"{text[: mention.start]}OWN{text[mention.end :]}"
        first_person = re.compile(r"\b(I|I'm|My|me|my)\b|我")
        for sentence in re.split(r"[.。]", text):
            said = re.search(r"F\d+F", sentence)
            where = sentence if speaker == "sentence" else text
            if (
                said
                and (speaker == "nobody" or first_person.search(where))
                and not (negation and re.search(r"\bnot\b|不是|没有", sentence))
                and not (quotes and re.search(r"[\"“]", sentence))
                and (not only or claimed[said[0]] == only)
            ):
                return score(True, claimed[said[0]])
        return score(False)

    return judge


def first_name(exhibit: Exhibit) -> Score:
    """Judges by whoever is named first."""
    assert exhibit.identity is not None
    named = find_names(fold(exhibit.answer))
    foreign = bool(named) and named[0].maker not in own_makers(exhibit.identity)
    return score(foreign, named[0].maker if foreign else None)


BREAKERS: dict[str, Judge] = {
    "swap-makers": reader(only="openai"),
    "quoting-removes": reader(quotes=False),
    "negating-removes": reader(negation=False),
    "third-person": reader(speaker="nobody"),
    "own-identity": reader(speaker="anywhere"),
    "order": first_name,
}


def tried(name: str, judge: Judge, *, shrink: bool = True, examples: int = EXAMPLES) -> Finding:
    return try_law(LAWS[name], judge, examples=examples, most_verdicts=MANY, shrink=shrink)


@pytest.mark.parametrize("shrink", [True, False])
@pytest.mark.parametrize("name", LAWS)
def test_a_judge_that_keeps_a_law_is_said_to_keep_it(name: str, shrink: bool) -> None:
    finding = tried(name, reader(), shrink=shrink)
    assert (finding.held, finding.example) == (True, None), finding
    assert finding.examples >= EXAMPLES


@pytest.mark.parametrize("shrink", [True, False])
@pytest.mark.parametrize("name", LAWS)
def test_a_judge_that_breaks_a_law_is_shown_answers_that_break_it(name: str, shrink: bool) -> None:
    finding = tried(name, BREAKERS[name], shrink=shrink)
    assert finding.held is False
    assert finding.example is not None
    assert finding.shrunk is shrink
    again = [
        BREAKERS[name](Exhibit(answer=answer, identity=finding.example.identity))
        for answer in finding.example.answers
    ]
    assert LAWS[name].broken(again) == finding.why != ""


def test_what_breaks_a_law_is_shrunk_to_the_least_that_does() -> None:
    example = tried("third-person", reader(speaker="nobody")).example
    assert example is not None
    alone, with_others = example.answers
    assert len(re.findall(r"[.。]", with_others)) == 1 + len(re.findall(r"[.。]", alone))


@pytest.mark.parametrize("shrink", [True, False])
def test_the_search_is_the_same_every_time(shrink: bool) -> None:
    one, other = (tried("order", first_name, shrink=shrink) for _ in range(2))
    assert one == other


def test_a_judge_is_called_no_oftener_than_it_may_be() -> None:
    called: list[str] = []

    def counted(exhibit: Exhibit) -> Score:
        called.append(exhibit.answer)
        return first_name(exhibit)

    finding = try_law(LAWS["order"], counted, examples=50, most_verdicts=30)
    assert len(called) <= 30
    assert finding.held is False


def test_without_a_verdict_a_law_is_neither_held_nor_broken() -> None:
    def silent(_exhibit: Exhibit) -> Score:
        return Score(value=None, label="unscored", reason="the line went dead")

    finding = tried("order", silent)
    assert (finding.held, finding.why) == (None, "the line went dead")


def test_an_interruption_is_raised_and_nothing_more_is_asked() -> None:
    called: list[str] = []

    def stopped(exhibit: Exhibit) -> Score:
        called.append(exhibit.answer)
        raise Stopped("the run is being interrupted")

    with pytest.raises(Stopped):
        tried("order", stopped)
    assert len(called) == 1


def test_both_languages_and_many_makers_occur() -> None:
    seen: list[Example] = []

    def watched(exhibit: Exhibit) -> Score:
        assert exhibit.identity is not None
        seen.append(
            Example(
                identity=exhibit.identity,
                language="zh" if re.search("[\u4e00-\u9fff]", exhibit.answer) else "en",
                question=exhibit.question,
                answers=(exhibit.answer,),
                roles=("",),
            )
        )
        return reader()(exhibit)

    tried("swap-makers", watched, examples=150)
    assert {example.language for example in seen} == {"en", "zh"}
    assert len({example.identity.maker for example in seen}) > 20


@pytest.mark.parametrize("templates", [BY_MAKER, BY_MODEL, DENIALS, QUOTING, OTHERS])
def test_every_template_has_its_twin_in_the_other_language(templates: dict[str, tuple[str, ...]]) -> None:
    assert len(templates["en"]) == len(templates["zh"])
    fields = [[set(re.findall(r"{\w+}", text)) for text in templates[language]] for language in ("en", "zh")]
    assert fields[0] == fields[1]


def test_makers_of_the_laws_are_those_of_the_lexicon() -> None:
    assert {"openai", "anthropic", "google", "alibaba", "deepseek"} <= {named.id for named in known()}
    for named in known():
        assert {mention.maker for mention in find_names(fold(named.maker))} == {named.id}


@pytest.mark.parametrize("name", ["swap-makers", "third-person", "own-identity", "order"])
def test_the_claims_judge_keeps_the_laws_of_the_shipped_calibration(name: str) -> None:
    finding = tried(name, claims, examples=100)
    assert finding.held, (finding.why, finding.example)
