"""``expected_score``: which path gives a caption its score, and what is no score at all."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests import cli
from distill_tests.errors import DataError, EmptyReply, NotStored, ProviderError, Refused, Stopped, Transient
from distill_tests.judges._expected_draw import Draw, Number
from distill_tests.judges._expected_reading import begun_with
from distill_tests.judges._expected_sum import by_statement
from distill_tests.judging import judging
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Image, JudgeUse, Model, Reply, Request, Score, TokenLogprob
from tests.judging import JUDGE, Asked, Told, always
from tests.made_media import clip, image_bytes, pyav
from tests.scored_tokens import details, reply, split, token, whole

CAT = Exhibit(
    id="cat", answer="a cat asleep on a mat", references=("a cat is sleeping on a mat", "a grey cat asleep")
)
PICTURE = Image(media_type="image/png", data=b"not looked at")
SEEN = Exhibit(id="cat", answer="a cat asleep on a mat", images=(PICTURE,))
SURE = whole("85", {"85": 0.5, "90": 0.3, "80": 0.2})
NAMES = ("accuracy", "completeness", "conciseness", "relevance")


def judged(asked: Asked, exhibit: Exhibit = CAT, *, model: Model = JUDGE, **options: Any) -> Score:
    """As an audit has it."""

    async def asking() -> Score:
        use = JudgeUse(name="expected_score", options=options, model=model)
        return await judging(use, ask=asked)(exhibit)

    return asyncio.run(asking())


def stating(number: object) -> Reply:
    return Reply(text=f"It fits.\nFINAL SCORE: {number}", finish="stop")


def in_turn(*said: Told) -> Asked:
    left = list(said)
    return Asked(lambda _request: left.pop(0))


# --- paths ----------------------------------------------------------------------------------------


def test_whole_number_tokens_give_the_expected_score_with_its_mass() -> None:
    asked = always(SURE)
    found = judged(asked)
    assert found.value == pytest.approx(85.5)
    assert found.marks == {"overall": pytest.approx(85.5)}
    assert (found.label, found.reason) == ("scored", "A cat sits there.")
    assert details(found)["path"] == "whole_number"
    assert details(found)["captured_mass"] == pytest.approx(1)
    assert [request.logprobs for request in asked.requests] == [20]


def test_split_digits_with_enough_mass_are_a_digit_tree() -> None:
    found = judged(
        always(split(("8", {"8": 0.95, "7": 0.05}), ("5", {"5": 0.6, "0": 0.4}), ("\n", {"\n": 1.0})))
    )
    assert found.value == pytest.approx(83.0, abs=0.3)
    assert details(found)["path"] == "digit_tree"
    assert details(found)["captured_mass"] == pytest.approx(0.95)


SPREAD = split(("8", {"8": 0.5, "7": 0.3, "6": 0.2}), ("5", {"5": 1.0}), ("\n", {"\n": 1.0}))


def test_a_small_mass_is_never_renormalised_but_sampled() -> None:
    asked = in_turn(SPREAD, *map(stating, (85, 75, 65, 80, 70)))
    found = judged(asked)
    assert found.value == pytest.approx(75)
    assert details(found)["path"] == "sampled"
    assert details(found)["captured_mass"] == pytest.approx(0.5)
    number = details(found)["numbers"]["overall"]
    assert number["why_not_by_logprobs"] == "captured mass 0.500, below 0.8"
    assert number["each"] == [85, 75, 65, 80, 70]
    later = asked.requests[1:]
    assert [(r.sample, r.sampling.temperature, r.logprobs) for r in later] == [
        (n, 1.0, None) for n in range(1, 6)
    ]
    assert details(found)["repeatability"]["sd"] == pytest.approx(7.9057, abs=1e-3)


def test_the_threshold_is_an_option() -> None:
    found = judged(always(SPREAD), least_mass=0.5)
    assert details(found)["path"] == "digit_tree"
    assert found.value is not None
    low, high = 0.5 * 85 + 0.3 * 7 + 0.2 * 6, 0.5 * 85 + 0.3 * 79 + 0.2 * 69
    assert low <= found.value <= high


def test_without_logprobs_and_without_fallback_samples_the_stated_number_counts() -> None:
    asked = always(stating(72))
    found = judged(asked, fallback_samples=0)
    assert (found.value, details(found)["path"], details(found)["captured_mass"]) == (72, "stated", None)
    assert len(asked.requests) == 1


def test_several_reasons_are_averaged_and_their_spread_is_told() -> None:
    numbers = [whole(str(n), {str(n): 1.0}) for n in (80, 90, 70)]
    asked = in_turn(*numbers)
    found = judged(asked, samples=3)
    assert found.value == pytest.approx(80)
    assert details(found)["repeatability"] == {
        "reasons": 3,
        "mean": pytest.approx(80),
        "sd": pytest.approx(10),
        "standard_error": pytest.approx(10 / 3**0.5),
        "least": 70,
        "most": 90,
    }
    assert [(r.sample, r.sampling.temperature) for r in asked.requests] == [(0, 1.0), (1, 1.0), (2, 1.0)]


def test_several_reasons_are_already_draws_for_the_fallback() -> None:
    asked = in_turn(*map(stating, (80, 90, 70)))
    found = judged(asked, samples=3, fallback_samples=3)
    assert (found.value, details(found)["path"], len(asked.requests)) == (80, "sampled", 3)


def test_one_of_several_reasons_without_mass_sends_all_to_the_stated_numbers() -> None:
    asked = in_turn(SURE, SPREAD, SURE)
    found = judged(asked, samples=3, fallback_samples=0)
    assert (details(found)["path"], found.value) == ("sampled", 85)


def test_one_reason_tells_nothing_of_repeatability() -> None:
    assert details(judged(always(SURE)))["repeatability"] is None


# --- accr -----------------------------------------------------------------------------------------


def accr(**numbers: Mapping[str, float]) -> Reply:
    parts: list[Any] = ["All is well."]
    for name in NAMES:
        given_numbers = numbers.get(name, {"50": 1.0})
        parts += [f"\nFINAL {name.upper()}: ", token(next(iter(given_numbers)), given_numbers)]
    return reply(*parts)


def test_accr_gives_four_numbers_and_their_mean() -> None:
    found = judged(
        always(accr(accuracy={"80": 0.5, "90": 0.5}, conciseness={"20": 1.0}, relevance={"100": 1.0})),
        scale="accr",
    )
    assert found.marks == {
        "accuracy": pytest.approx(85),
        "completeness": 50,
        "conciseness": 20,
        "relevance": 100,
        "average": pytest.approx(63.75),
    }
    assert found.value == found.marks["average"]
    assert found.reason == "All is well."


def test_one_dimension_without_mass_has_its_own_path_and_the_score_the_least_sure_one() -> None:
    thin = accr(accuracy={"80": 0.6, "high": 0.4})
    found = judged(always(thin), scale="accr", fallback_samples=0)
    assert details(found)["path"] == "stated"
    assert details(found)["captured_mass"] == pytest.approx(0.6)
    paths = {name: number["path"] for name, number in details(found)["numbers"].items()}
    assert paths == {
        "accuracy": "stated",
        "completeness": "whole_number",
        "conciseness": "whole_number",
        "relevance": "whole_number",
    }


def test_a_reply_that_lacks_a_dimension_is_no_score() -> None:
    text = "\n".join(f"FINAL {name.upper()}: 50" for name in NAMES[:3])
    found = judged(always(Reply(text=text, finish="stop")), scale="accr")
    assert (found.value, found.reason) == (None, "the reply holds no FINAL RELEVANCE")


# --- what is no score -----------------------------------------------------------------------------

UNUSABLE: list[tuple[Told, str]] = [
    (" \n ", "the judge model's reply is empty"),
    ("I'm sorry, I can't help with that.", "the reply holds no FINAL SCORE"),
    ("It costs $85. Fine.", "the reply holds no FINAL SCORE"),
    ("The final score is $85$.", "the reply holds no FINAL SCORE"),
    (stating(101), "FINAL SCORE is '101', no whole number from 0 to 100"),
    (stating(-3), "FINAL SCORE is '-3', no whole number from 0 to 100"),
    (stating("85.5"), "FINAL SCORE is '85.5', no whole number from 0 to 100"),
    (stating("085"), "FINAL SCORE is '085', no whole number from 0 to 100"),
    (stating("8/10"), "FINAL SCORE is '8/10', no whole number from 0 to 100"),
    (stating("８５"), "no whole number from 0 to 100"),
    (stating("high"), "FINAL SCORE is 'high', no whole number from 0 to 100"),
    (stating("N"), "FINAL SCORE is 'N', no whole number from 0 to 100"),
    (stating("80-90"), "FINAL SCORE is '80-90', no whole number from 0 to 100"),
    (stating(""), "FINAL SCORE is '', no whole number from 0 to 100"),
    ("FINAL SCORE: 85\nFINAL SCORE: 120", "FINAL SCORE is '120'"),
    ("FINAL SCORE: 85\nWait, that is too much.", "the reply goes on after its final score"),
    ("x" * 200_001, "the judge model's reply has 200,001 characters"),
    (Reply(text="FINAL SCORE: 85", finish="length"), "was cut off at max_tokens (1024)"),
    (Reply(text="FINAL SCORE: 85", finish="refusal"), "ended with 'refusal'"),
    (Reply(text="FINAL SCORE: 85", finish="content_filter"), "ended with 'content_filter'"),
    (EmptyReply("judge: no answer: the API reports a refusal"), "the API reports a refusal"),
    (Transient("judge: 503 after 5 attempts"), "503 after 5 attempts"),
]


@pytest.mark.parametrize(("said", "reason"), UNUSABLE)
def test_what_is_not_plainly_a_score_is_unscored_with_its_reason_and_never_zero(
    said: Told, reason: str
) -> None:
    found = judged(always(said))
    assert (found.value, found.label, dict(found.marks)) == (None, "unscored", {})
    assert reason in found.reason
    assert details(found)["path"] is None


@pytest.mark.parametrize(
    "written",
    ["85", "85.", "**85**", "85/100", "85 / 100", " 85 ", "$85$", "`85`", "85\n\n", '"85"'],
)
def test_common_ways_to_write_a_number_are_read(written: str) -> None:
    assert judged(always(stating(written)), fallback_samples=0).value == 85


@pytest.mark.parametrize(
    "line",
    [
        "**FINAL SCORE:** 85",
        "Final score: 85",
        "> FINAL SCORE = 85",
        "So: FINAL SCORE: 85",
        "final  score:85",
    ],
)
def test_common_ways_to_write_the_words_before_are_read(line: str) -> None:
    assert judged(always(f"Reason.\n{line}"), fallback_samples=0).value == 85


def test_a_price_in_the_reason_fools_nobody() -> None:
    fooling = reply("It shows a $", token("5"), " bill; the final score is high.\nFINAL SCORE: ", token("90"))
    assert judged(always(fooling)).value == 90


def test_too_few_usable_replies_of_several_are_no_score() -> None:
    found = judged(in_turn(stating(80), stating("none"), Transient("503")), samples=3)
    assert found.value is None
    assert found.reason.startswith("2 of 3 replies are no scores: FINAL SCORE is 'none'")
    assert found.reason.endswith("503")


def test_a_fallback_that_fails_is_no_score_either() -> None:
    found = judged(in_turn(stating(80), *["no verdict"] * 5))
    assert (found.value, found.label) == (None, "unscored")
    assert "5 of 5 replies are no scores" in found.reason


@pytest.mark.parametrize("error", [Refused("wrong key"), NotStored("no reply"), Stopped("stopping")])
def test_what_ends_a_run_is_passed_on(error: Exception) -> None:
    async def ask(_request: Request) -> Reply:
        raise error

    function = judges.get("expected_score").function
    with pytest.raises(type(error)):
        asyncio.run(function(CAT, ask=ask, model=JUDGE))


def test_an_endpoint_that_refuses_logprobs_is_asked_again_without() -> None:
    def told(request: Request) -> Told:
        if request.logprobs is not None:
            return ProviderError("openai: 400 ('logprobs' is not supported with this model)")
        return stating(80)

    asked = Asked(told)
    found = judged(asked, fallback_samples=0)
    assert (found.value, details(found)["path"]) == (80, "stated")
    assert details(found)["replies"][0]["notes"][0].startswith("asked again without logprobs")


def test_an_endpoint_that_gives_fewer_alternatives_is_asked_for_five() -> None:
    def told(request: Request) -> Told:
        if (request.logprobs or 0) > 5:
            return ProviderError("openai: 400 (Invalid 'top_logprobs': expected a value <= 5, got 20)")
        return SURE

    asked = Asked(told)
    found = judged(asked)
    assert [request.logprobs for request in asked.requests] == [20, 5]
    assert details(found)["path"] == "whole_number"
    assert details(found)["replies"][0]["notes"][0].startswith("asked again for 5 alternatives: openai: 400")


def test_the_calls_of_a_forecast_count_what_an_endpoint_refuses() -> None:
    def told(request: Request) -> Told:
        return ProviderError("400 (no logprobs)") if request.logprobs else stating(80)

    asked = Asked(told)
    judged(asked, samples=20)
    assert len(asked.requests) <= judges.get("expected_score").declared({"samples": 20}).calls[1]


@pytest.mark.parametrize(("count", "path"), [(20, "whole_number"), (5, "whole_number"), (None, "stated")])
def test_a_replay_finds_the_reply_that_was_given_in_the_end(count: int | None, path: str) -> None:
    async def ask(request: Request) -> Reply:
        if request.logprobs != count:
            raise NotStored("no such reply")
        return SURE if count else stating(80)

    async def asking() -> Score:
        use = JudgeUse(name="expected_score", options={"fallback_samples": 0}, model=JUDGE)
        return await judging(use, ask=ask)(CAT)

    assert details(asyncio.run(asking()))["path"] == path


def test_anthropic_models_are_never_asked_for_logprobs() -> None:
    asked = in_turn(*map(stating, (80, 90, 70, 80, 80, 80)))
    model = Model(alias="c", provider="anthropic", model="claude")
    found = judged(asked, model=model)
    assert [request.logprobs for request in asked.requests] == [None] * 6
    assert (details(found)["path"], found.value) == ("sampled", 80)


def test_logprobs_that_are_no_probabilities_are_not_used() -> None:
    broken = reply("FINAL SCORE: ", token("80", {"80": 0.9, "90": 0.9}))
    found = judged(always(broken), fallback_samples=0)
    assert details(found)["path"] == "stated"
    assert "more than all of the probability" in details(found)["numbers"]["overall"]["why_not_by_logprobs"]


# --- evidence -------------------------------------------------------------------------------------


def images_sent(asked: Asked) -> list[int]:
    return [sum(len(message.images) for message in request.messages) for request in asked.requests]


BOTH = Exhibit(id="x", answer="a cat", references=("a cat",), images=(PICTURE,))


@pytest.mark.parametrize(("evidence", "sent"), [("references", 0), ("visual", 1), ("both", 1)])
def test_an_image_is_sent_only_where_the_evidence_is_visual(evidence: str, sent: int) -> None:
    asked = always(SURE)
    assert judged(asked, BOTH, evidence=evidence).value is not None
    assert images_sent(asked) == [sent]
    assert ("<<<references" in asked.requests[0].messages[-1].text) is (evidence != "visual")


@pytest.mark.parametrize(
    ("exhibit", "options", "reason"),
    [
        (Exhibit(answer="  \n", references=("a",)), {}, "the caption is empty"),
        (Exhibit(answer="a cat"), {}, "no references"),
        (Exhibit(answer="a cat", references=("", " ")), {}, "no references"),
        (SEEN, {"evidence": "both"}, "no references"),
        (CAT, {"evidence": "visual"}, "no image"),
        (CAT, {"evidence": "both"}, "no image"),
        (
            Exhibit(answer="a cat", recorded={"video": "x.mp4"}),
            {"evidence": "visual", "media": "image"},
            "a caption of a video, and media: image is asked",
        ),
        (
            Exhibit(answer="a", recorded={"image": "none.png"}),
            {"evidence": "visual"},
            "none.png: there is no",
        ),
        (
            Exhibit(answer="a", recorded={"video": "none.mp4"}),
            {"evidence": "visual"},
            "none.mp4: there is no",
        ),
    ],
)
def test_what_lacks_its_evidence_is_unscored_and_nothing_is_asked(
    exhibit: Exhibit, options: dict[str, Any], reason: str
) -> None:
    asked = always(SURE)
    found = judged(asked, exhibit, **options)
    assert found.value is None
    assert found.reason.startswith(reason)
    assert asked.requests == []


def test_a_missing_image_does_not_matter_where_none_is_sent() -> None:
    exhibit = Exhibit(answer="a cat", references=("a cat",), recorded={"image": "none.png"})
    assert judged(always(SURE), exhibit).value is not None


def test_a_video_is_shown_in_frames_that_are_told_of_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyav()
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".distill-tests").mkdir()
    (tmp_path / "clip.mp4").write_bytes(clip(12))
    exhibit = Exhibit(answer="a cat", recorded={"video": str(tmp_path / "clip.mp4")})
    asked = always(SURE)
    found = judged(asked, exhibit, evidence="visual", frames=4, layout="separate")
    assert images_sent(asked) == [4]
    assert details(found)["media"]["shown"][0] == "Frame 1 of 4, 0:00"
    assert len(list((tmp_path / ".distill-tests/frames").glob("*.png"))) == 4
    assert details(found)["prompt"]["name"] == "caption_video_visual_overall"


# --- published ------------------------------------------------------------------------------------


def test_published_is_one_message_temperature_1_five_alternatives_and_the_published_rule() -> None:
    asked = always(reply("Good. The final score is ", "$", token("85", {"85": 0.4, "60": 0.1}), "$", "."))
    found = judged(asked, SEEN, evidence="visual", protocol="published")
    (request,) = asked.requests
    assert (request.sampling.temperature, request.sampling.top_p, request.logprobs) == (1.0, 1.0, 5)
    assert [message.role for message in request.messages] == ["user"]
    assert found.value == pytest.approx(80)
    assert details(found)["path"] == "published"
    assert details(found)["captured_mass"] == pytest.approx(0.5), "renormalised as published, but told"


def test_published_without_an_image_is_one_system_message() -> None:
    asked = always(reply("$", token("85"), "$"))
    judged(asked, protocol="published")
    assert [message.role for message in asked.requests[0].messages] == ["system"]


def test_published_accr_reads_the_greek_letters() -> None:
    parts = [
        one for letter, n in zip("αβψδ", (80, 60, 40, 20), strict=True) for one in (letter, token(str(n)))
    ]
    found = judged(always(reply(*parts)), protocol="published", scale="accr")
    assert [found.marks[name] for name in (*NAMES, "average")] == [80, 60, 40, 20, 50]


def test_published_takes_a_logprob_that_is_no_number_for_no_score() -> None:
    broken = TokenLogprob(token="85", logprob=0.0, top=(("85", float("nan")),))
    found = judged(always(reply("The final score is", " $", broken, "$")), protocol="published")
    assert found.value is None
    assert "none of the alternatives after the marker '$'" in found.reason


def test_published_is_not_asked_again_without_the_logprobs_that_its_rule_needs() -> None:
    asked = always(ProviderError("400 (no logprobs)"))
    found = judged(asked, protocol="published")
    assert (found.value, found.reason, len(asked.requests)) == (None, "400 (no logprobs)", 1)


def test_published_without_logprobs_is_unscored() -> None:
    found = judged(always(Reply(text="The final score is $85$.", finish="stop")), protocol="published")
    assert (found.value, found.reason) == (
        None,
        "the endpoint gave no logprobs, which the published rule needs",
    )


# --- digits that were not generated ---------------------------------------------------------------


def going_on(distributions: Mapping[str, Mapping[str, float]], first: Reply) -> Callable[[Request], Told]:
    """A model that goes on with a begun reply: digits so far to the alternatives of the next token."""

    def told(request: Request) -> Told:
        if request.messages[-1].role != "assistant":
            return first
        begun = request.messages[-1].text
        given_numbers = distributions[begun.rpartition("FINAL SCORE: ")[2]]
        best = max(given_numbers, key=lambda text: given_numbers[text])
        return reply(token(best, given_numbers), rendered=f"<user>…<assistant>{begun}")

    return told


def test_branches_that_were_not_generated_are_asked_for_where_the_model_goes_on() -> None:
    first = split(("8", {"8": 0.5, "7": 0.3, "6": 0.2}), ("5", {"5": 1.0}), ("\n", {"\n": 1.0}))
    first = Reply(text=first.text, finish="stop", logprobs=first.logprobs, rendered="<user>…")
    asked = Asked(going_on({"7": {"0": 0.5, "4": 0.5}, "6": {"6": 1.0}}, first))
    found = judged(asked, continued="auto")
    assert found.value == pytest.approx(85 * 0.5 + 72 * 0.3 + 66 * 0.2)
    assert details(found)["replies"][0]["digit_calls"] == 2
    assert (details(found)["path"], details(found)["captured_mass"]) == ("digit_tree", pytest.approx(1))
    assert [request.messages[-1].text.splitlines()[-1] for request in asked.requests[1:]] == [
        "FINAL SCORE: 7",
        "FINAL SCORE: 6",
    ]


def test_an_endpoint_that_begins_a_new_reply_instead_is_not_believed() -> None:
    first = Reply(text=SPREAD.text, finish="stop", logprobs=SPREAD.logprobs, rendered="<user>…")

    def told(request: Request) -> Told:
        begun = request.messages[-1].role == "assistant"
        return reply(token("9"), rendered="<user>…<assistant>") if begun else first

    found = judged(Asked(told), fallback_samples=0, continued="auto")
    assert (details(found)["path"], details(found)["captured_mass"]) == ("stated", pytest.approx(0.5))


def test_digits_are_not_asked_for_unless_the_spec_says_so() -> None:
    first = Reply(text=SPREAD.text, finish="stop", logprobs=SPREAD.logprobs, rendered="<user>…")
    asked = always(first)
    judged(asked, fallback_samples=0)
    assert len(asked.requests) == 1


EIGHTY_FOUR = {"": {"8": 0.6, "9": 0.4}, "8": {"0": 1.0}, "9": {"0": 1.0}}


def test_prompted_reads_the_number_after_our_own_words() -> None:
    said = Reply(text="A cat, as the references say.", finish="stop", rendered="<user>…")
    found = judged(Asked(going_on(EIGHTY_FOUR, said)), final="prompted")
    assert found.value == pytest.approx(84)
    assert found.reason == "A cat, as the references say."


def test_prompted_gives_no_score_where_the_reasons_were_cut_off() -> None:
    said = Reply(text="A cat, as the refe", finish="length", rendered="<user>…")
    asked = Asked(going_on(EIGHTY_FOUR, said))
    found = judged(asked, final="prompted")
    assert (found.value, found.reason) == (None, "the judge model's reply was cut off at max_tokens (1024)")
    assert len(asked.requests) == 1


def test_alone_asks_for_the_number_only() -> None:
    asked = Asked(going_on(EIGHTY_FOUR, Reply(text="never asked for")))
    found = judged(asked, final="alone")
    assert found.value == pytest.approx(84)
    assert found.reason == "no reasons were asked for"
    assert (details(found)["path"], details(found)["captured_mass"]) == ("digit_tree", pytest.approx(1))
    assert [request.messages[-1].text for request in asked.requests] == [
        "FINAL SCORE: ",
        "FINAL SCORE: 8",
        "FINAL SCORE: 9",
    ]
    assert "your reasons" not in asked.requests[0].messages[-2].text


def test_alone_needs_a_model_that_goes_on() -> None:
    found = judged(always("80"), final="alone")
    assert (found.value, found.reason) == (None, "the judge model does not go on with a begun reply")


def test_each_number_asked_for_alone_stands_before_the_next() -> None:
    asked = Asked(lambda request: reply(token("70"), rendered=request.messages[-1].text))
    found = judged(asked, final="alone", scale="accr")
    assert dict(found.marks) == dict.fromkeys((*NAMES, "average"), 70)
    assert asked.requests[1].messages[-1].text == "FINAL ACCURACY: 70\nFINAL COMPLETENESS: "


def test_a_single_stated_number_is_never_called_a_sample() -> None:
    draws = [
        Draw(sample=n, temperature=1, numbers={"overall": Number(stated)})
        for n, stated in ((0, 40), (1, None))
    ]
    found = by_statement(draws, draws, "overall")
    assert (found.value, found.path) == (40, "stated")


def test_prompted_gives_no_score_where_nothing_was_said_before_the_number() -> None:
    said = Reply(text=" \n", finish="length", rendered="<user>…")
    found = judged(Asked(going_on({"": {"8": 1.0}, "8": {"0": 1.0}}, said)), final="prompted")
    assert (found.value, found.reason) == (None, "the judge model's reply was cut off at max_tokens (1024)")


@pytest.mark.parametrize("end", ["", "\n**Final score:** 20", "\nFINAL SCORE", " FINAL SCORE: 99"])
def test_prompted_leaves_out_what_the_model_wrote_of_a_score_itself(end: str) -> None:
    said = Reply(text=f"Straße: a cat.{end}", finish="stop", rendered="<user>…")
    asked = Asked(going_on({"": {"8": 1.0}, "8": {"0": 1.0}}, said))
    assert judged(asked, final="prompted").value == 80
    assert asked.requests[1].messages[-1].text == "Straße: a cat.\nFINAL SCORE: "


def test_prompted_needs_a_model_that_goes_on() -> None:
    found = judged(always("A cat."), final="prompted")
    assert (found.value, found.reason) == (None, "the judge model does not go on with a begun reply")


def test_prompted_with_too_little_mass_takes_the_number_that_the_model_goes_on_with() -> None:
    first, last = token("9", {"9": 0.3, "eight": 0.6}), token("0", {"0": 1.0})

    def told(request: Request) -> Told:
        begun = request.messages[-1]
        if begun.role != "assistant":
            return Reply(text="A cat.", finish="stop", rendered="<user>…")
        return reply(token(" "), first, last, token("\n"), rendered=f"<user>…{begun.text}")

    asked = Asked(told)
    found = judged(asked, final="prompted")
    assert (found.value, details(found)["path"]) == (90, "stated")
    assert details(found)["numbers"]["overall"]["why_not_by_logprobs"].startswith("captured mass 0.300")
    assert len([one for one in asked.requests if one.messages[-1].role == "user"]) == 1


@pytest.mark.parametrize(
    ("goes_on", "number"),
    [
        ("85\n", 85),
        (" 7", 7),
        ("85/100\n", 85),
        ("**85**\n", None),
        ("1. Read every reference", None),
        ("8/10\n", None),
        ("85.5\n", None),
        ("101\n", None),
        ("85 or 90", None),
        ("   \n   85", None),
        ("eight", None),
    ],
)
def test_what_a_model_goes_on_with_is_a_number_only_where_it_plainly_is(
    goes_on: str, number: int | None
) -> None:
    assert begun_with([token(char) for char in goes_on][:8], most=8) == number


def test_prompted_with_too_little_mass_and_no_number_is_no_score() -> None:
    numbers = {"": {"x": 0.7, "9": 0.3}, "9": {"0": 1.0}}
    found = judged(
        Asked(going_on(numbers, Reply(text="A cat.", finish="stop", rendered="<user>…"))), final="prompted"
    )
    assert found.value is None
    assert "no number can be read after 'FINAL SCORE:': captured mass" in found.reason


# --- options, versions, laws ----------------------------------------------------------------------


def test_a_score_is_signed_by_prompt_options_and_model() -> None:
    plain = judged(always(SURE))
    assert plain.judge.startswith("expected_score@")
    others = [
        judged(always(SURE), least_mass=0.7),
        judged(always(SURE), model=Model(alias="judge", provider="scripted", model="judge-2")),
        judged(always(SURE), BOTH, evidence="both"),
    ]
    assert len({plain.judge, *(other.judge for other in others)}) == 4
    assert judged(always(SURE)).judge == plain.judge


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scale": "stars"}, "scale must be one of overall, accr (got 'stars')"),
        ({"evidence": "image"}, "evidence must be one of"),
        ({"samples": 0}, "samples must be from 1 to 50"),
        ({"samples": True}, "samples must be a integer"),
        ({"least_mass": 0.2}, "least_mass must be from 0.5 to 1"),
        ({"least_mass": float("nan")}, "least_mass must be from 0.5 to 1"),
        ({"sample": 3}, "unknown option 'sample'; did you mean 'samples'?"),
        ({"protocol": "published", "temperature": 0}, "temperature is what it was under protocol: published"),
        ({"prompt": "none.txt"}, "none.txt: cannot be read"),
        ({"final": "prompted", "alternatives": 0}, "alternatives must be above 0"),
        ({"final": "alone", "alternatives": 0}, "alternatives must be above 0"),
        ({"final": "alone", "samples": 2}, "final: alone has no reasons to draw several of"),
    ],
)
def test_options_that_cannot_be_used_are_refused_in_words(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        judges.get("expected_score").declared(options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{}, {"samples": 4}, {"scale": "accr"}, {"protocol": "published", "samples": 2}, {"continued": "auto"}],
)
def test_no_more_calls_are_made_than_were_declared(options: dict[str, Any]) -> None:
    most = judges.get("expected_score").declared(options).calls[1]
    worst = always(
        accr(**{name: {"80": 0.5, "high": 0.5} for name in NAMES}) if "scale" in options else SPREAD
    )
    judged(worst, **options)
    assert 1 <= len(worst.requests) <= most


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 100), st.floats(0.01, 1), min_size=1, max_size=8),
        min_size=1,
        max_size=4,
    ),
    st.floats(0.3, 1),
)
def test_every_score_is_on_its_scale_and_says_its_path(each: list[dict[int, float]], mass: float) -> None:
    replies = []
    for given_shares in each:
        total = sum(given_shares.values())
        numbers = {str(n): mass * share / total for n, share in given_shares.items()}
        replies.append(whole(next(iter(numbers)), numbers))
    found = judged(in_turn(*replies), samples=len(replies), fallback_samples=0)
    assert found.value is not None
    assert 0 <= found.value <= 100
    captured = details(found)["captured_mass"]
    assert 0 <= captured <= 1
    if details(found)["path"] in ("whole_number", "digit_tree"):
        assert captured >= 0.8 - 1e-9


def test_every_option_is_explained_in_the_document_with_its_default() -> None:
    text = (Path(__file__).parents[1] / "docs" / "judges.md").read_text(encoding="utf-8")
    section = text[text.index("## expected_score") :].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE))
    options: Any = judges.get("expected_score").options
    assert [name for name in options if name not in rows] == []
    for name, schema in options.items():
        if "default" in schema:
            default = schema["default"]
            assert rows[name].strip() == (f"{default:,}" if isinstance(default, int) else str(default)), name
    paths = ("whole_number", "digit_tree", "sampled", "stated", "published")
    assert [path for path in paths if path not in rows] == []


# --- rows -----------------------------------------------------------------------------------------

CARDS = """
judge:
  provider: scripted
  revision: "1"
  replies:
    - match: refuses
      reply: I cannot rate this.
    - match: FINAL ACCURACY
      reply: "Fine.\\nFINAL ACCURACY: 80\\nFINAL COMPLETENESS: 60\\nFINAL CONCISENESS: 90
        \\nFINAL RELEVANCE: 70"
  default: "Fine.\\nFINAL SCORE: 75"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.yaml").write_text(CARDS, encoding="utf-8")
    return tmp_path


def rows_out(*given_rows: Any, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given_rows), encoding="utf-8")
    flags = ["--output", "out.jsonl", *(part for option in options for part in ("--option", option))]
    status = cli.main(
        ["judge", "expected_score", "rows.jsonl", "--models", "models.yaml", "--model", "judge", *flags]
    )
    return status, [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]


def test_rows_become_scores_with_their_path(folder: Path) -> None:
    status, (row,) = rows_out({"id": 1, "caption": "a cat", "references": ["a cat"]})
    assert status == 0
    assert {key: row[key] for key in ("id", "overall", "label", "path", "captured_mass")} == {
        "id": "1",
        "overall": 75.0,
        "label": "scored",
        "path": "sampled",
        "captured_mass": None,
    }


def test_rows_with_accr_have_four_numbers_and_their_average(folder: Path) -> None:
    _, (row,) = rows_out({"id": 1, "caption": "a cat", "references": ["a cat"]}, options=("scale=accr",))
    assert [row[name] for name in (*NAMES, "average")] == [80, 60, 90, 70, 75]


@pytest.mark.parametrize("path", ["../cat.png", "/cat.png", "a/../../cat.png", "link.png"])
def test_rows_cannot_have_a_file_outside_of_the_folder_sent_away(
    folder: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    Path("link.png").symlink_to(folder.parent / "cat.png")
    status, found = rows_out({"id": 1, "caption": "a cat", "image": path}, options=("evidence=visual",))
    assert (status, found) == (1, [])
    assert "image must be a path below the folder in which the command runs" in capsys.readouterr().err


def test_rows_open_images_by_their_paths_and_name_those_that_are_not_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("cat.png").write_bytes(image_bytes())
    status, found = rows_out(
        {"id": 1, "caption": "a cat", "image": "cat.png"},
        {"id": 2, "caption": "a cat", "image": "dog.png"},
        {"id": 3, "caption": "", "image": "cat.png"},
        {"id": 4, "caption": "who refuses", "image": "cat.png"},
        {"id": 5, "caption": 7},
        {"id": 6, "caption": "a", "image": "x", "video": "y"},
        options=("evidence=visual",),
    )
    assert status == 1, "two rows cannot be read"
    assert {row["id"]: (row["overall"], row["reason"]) for row in found} == {
        "1": (75.0, "Fine."),
        "2": (None, "dog.png: there is no such file"),
        "3": (None, "the caption is empty"),
        "4": (None, "the reply holds no FINAL SCORE"),
    }
    said = capsys.readouterr().err
    assert "rows.jsonl:5: caption must be text" in said
    assert "rows.jsonl:6: a row has an image or a video, not both" in said
    assert "3 of them unscored" in said
