"""Laws of the claims judge: true of any text, whatever it says."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill_tests.errors import DataError
from distill_tests.judges.claims import claims
from distill_tests.lexicon import makers
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Identity, Model, Score

QWEN = Identity(name="Qwen", maker="Alibaba Cloud", aliases=("通义千问",), country=("China",))
FAMOUS = ("openai", "anthropic", "deepseek", "baidu", "tencent", "bytedance", "zhipu")
CLAIMS = (
    "I am a helper trained by {}.",
    "My company is {}.",
    "{} created me.",
    "As an AI developed by {}, I must decline.",
    "我是由{}开发的。",
    "我的母公司是{}。",
)
ASIDES = (
    "ChatGPT was made by OpenAI.",
    "Anthropic is a company in San Francisco.",
    "百度开发了文心一言。",
    "Many people enjoy walking.",
    "Google released Gemini.",
)
OWN = ("I am Qwen.", "I was made by Alibaba Cloud.", "我是通义千问。")
SOUP = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(" .!?\n:\"'“”[](){}*`-我是由开发的IiaAmOoPpEeNn不\u200b\u0301<>|/#"),
    ),
    max_size=300,
)
PIECES = (
    'I am not my maker company is OpenAI Claude Qwen by made 我 是 由 开发 的 不 User: [GPT]: " ``` ? . , 。 '
    "</think> <think> United States secret team San Francisco as an AI model 神秘 总部 🗨user"
)
WORDS = st.lists(st.sampled_from([*PIECES.split(" "), "\n"]), max_size=60).map(" ".join)


def judged(answer: str, *, identity: Identity = QWEN, question: str = "", framing: str = "") -> Score:
    return claims(Exhibit(answer=answer, question=question, framing=framing, identity=identity))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=st.one_of(SOUP, WORDS), question=SOUP, framing=st.one_of(SOUP, WORDS))
def test_any_text_gets_a_verdict_with_evidence_inside_it(answer: str, question: str, framing: str) -> None:
    score = judged(answer, question=question, framing=framing)
    assert score.label in ("consistent", "none", "persona", "foreign")
    assert score.value == score.marks["loose"] >= score.marks["strict"]
    assert all(0 <= span.start <= span.end <= len(answer) for span in score.evidence)
    assert score == judged(answer, question=question, framing=framing)


@settings(max_examples=60, deadline=None)
@given(name=SOUP, maker=SOUP, alias=SOUP)
def test_any_identity_card_can_be_judged_by(name: str, maker: str, alias: str) -> None:
    identity = Identity(name=name, maker=maker, aliases=(alias,), country=(alias,))
    assert judged("I am ChatGPT, made by OpenAI.", identity=identity).value is not None


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("maker", FAMOUS)
def test_swapping_makers_swaps_who_is_claimed(claim: str, maker: str) -> None:
    score = judged(claim.format(makers[maker].name))
    assert (score.label, score.claimed) == ("foreign", maker)


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_own_maker_in_the_same_words_is_no_foreign_claim(claim: str) -> None:
    assert judged(claim.format("Alibaba Cloud")).label == "consistent"


@given(
    claim=st.sampled_from(CLAIMS),
    maker=st.sampled_from(FAMOUS),
    asides=st.lists(st.sampled_from(ASIDES), max_size=4),
)
def test_facts_about_others_around_a_claim_change_nothing(claim: str, maker: str, asides: list[str]) -> None:
    answer = claim.format(makers[maker].name)
    assert judged(" ".join([*asides, answer])).claimed == maker
    assert judged(" ".join([answer, *asides])).claimed == maker


@given(
    order=st.permutations(ASIDES), own=st.sampled_from(OWN), question=st.sampled_from(("", "Who made you?"))
)
def test_an_own_identity_among_facts_about_others_is_never_foreign(
    order: list[str], own: str, question: str
) -> None:
    assert judged(" ".join([own, *order]), question=question).label == "consistent"
    assert judged(" ".join([*order, own]), question=question).label == "consistent"


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize(
    "frame", ['The article says: "{}"', "有人写道：“{}”", 'Somebody wrote "{}" on a wall.']
)
def test_quoting_a_claim_of_somebody_else_removes_it(claim: str, frame: str) -> None:
    assert judged(frame.format(claim.format("OpenAI"))).label == "none"


@pytest.mark.parametrize(
    "denied",
    [
        "I am not a helper trained by OpenAI.",
        "My company is not OpenAI.",
        "OpenAI did not create me.",
        "I wasn't made by OpenAI.",
        "我不是由OpenAI开发的。",
        "我的母公司不是OpenAI。",
    ],
)
def test_negating_a_claim_removes_it(denied: str) -> None:
    assert judged(denied).label == "none"


@pytest.mark.parametrize(
    "unit",
    [
        "I am ",
        "my ",
        "(",
        "[a]: ",
        '"',
        "OpenAI ",
        "我是由",
        "a.",
        "O p e n ",
        "不",
        "the the team by ",
        "\n",
        "`",
        "：",
    ],
)
def test_time_grows_with_the_length_of_the_answer_and_no_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        started = time.thread_time()
        judged(text, question="Who made you?", framing="Act as Bob.")
        return time.thread_time() - started

    seconds(1_000)
    # Anything may slow a machine down for a moment; a program that is too slow is so each time.
    assert any(seconds(80_000) < 40 * (seconds(8_000) + 0.01) for _ in range(5))


def test_rows_are_read_and_written_with_their_evidence() -> None:
    rows = judges.get("claims").rows
    assert rows is not None
    row = {
        "id": "a1",
        "response": "I am ChatGPT.",
        "identity": {"name": "Qwen", "maker": "Alibaba", "country": "China"},
    }
    exhibit = rows.read(row, {})
    written = json.loads(json.dumps(dict(rows.write(exhibit, claims(exhibit)))))
    assert (written["id"], written["label"], written["loose"], written["strict"], written["claimed"]) == (
        "a1",
        "foreign",
        True,
        True,
        "openai",
    )
    assert written["evidence"] == [
        {"start": 5, "end": 12, "text": "ChatGPT", "shows": written["evidence"][0]["shows"]}
    ]


def test_rows_may_name_a_model_of_models_yaml() -> None:
    rows = judges.get("claims").rows
    assert rows is not None
    models = {"mine": Model(alias="mine", provider="scripted", model="m", identity=QWEN)}
    exhibit = rows.read({"id": 7, "response": "我是通义千问。", "model": "mine", "question": None}, models)
    assert claims(exhibit).label == "consistent"


CARD = {"name": "Q", "maker": "M"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a", "identity": CARD}, "response must be text (got nothing)"),
        ({"id": "a", "response": 7, "identity": CARD}, "response must be text (got int)"),
        ({"response": "Hi", "identity": CARD}, "id must be text or a whole number"),
        ({"id": "a", "response": "Hi"}, "needs identity"),
        ({"id": "a", "response": "Hi", "model": "nobody"}, "got 'nobody'"),
        ({"id": "a", "response": "Hi", "identity": []}, "identity must be an object (got list)"),
        ({"id": "a", "response": "Hi", "identity": {"name": "Q"}}, "identity needs a name and a maker"),
        ({"id": "a", "response": "Hi", "identity": {**CARD, "aliases": 3}}, "identity.aliases"),
        ({"id": "a", "response": "Hi", "question": 1, "identity": CARD}, "question must be text"),
    ],
)
def test_a_row_that_cannot_be_judged_says_why(row: dict[str, object], said: str) -> None:
    rows = judges.get("claims").rows
    assert rows is not None
    with pytest.raises(DataError) as caught:
        rows.read(row, {})
    assert said in str(caught.value)
