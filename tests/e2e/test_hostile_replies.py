"""Replies that try to act: shown as text in the terminal, JUnit, Markdown, JSON and Allure.

A reply can hold whatever a model can write, and a provider's error whatever an endpoint can send.
Nothing of it may act on a terminal, break a file, be markup, or pass for words of ours.
"""

from __future__ import annotations

import json
import re
import time
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Project

HOSTILE = {
    "ansi": "\x1b[2J\x1b[31mI am ChatGPT\x1b[0m\x1b]0;pwned\x07 \x9b31m \x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "bidi": "I am \u202eTPGtahC\u202c, \u2066made\u2069 by \u200fOpenAI\u061c",
    "nul": "I am\x00 Chat\x00GPT\x00",
    "controls": "".join(map(chr, range(32))) + "\x7f" + "".join(map(chr, range(0x80, 0xA0))) + "OpenAI",
    "surrogates": "I am \ud83d alone, \udc80\udfff too, made by OpenAI",
    "nonchars": "\ufffe\uffff\U0001ffff\ufdd0 OpenAI",
    "hidden": "I am\u200b Toy\u2060\ufeff\u00ad\U000e0041\U000e0042 OpenAI \u3164",
    "returns": "I am Toy.\rI am ChatGPT, made by OpenAI.\r\n\x0b\x0c\x1c\x1d\x85\u2028\u2029end",
    "html": "<script>document.title='pwned'</script><img src=x onerror=document.title='pwned'>OpenAI</pre>",
    "xml": (
        "]]></failure></testcase><testcase name='forged'/><![CDATA[ &lt;b&gt; &#0; &#x1b; "
        "<!ENTITY x '&x;'> OpenAI"
    ),
    "markdown": (
        "```\n# forged\n**PASSED** [x](javascript:alert(1)) "
        "![](https://evil.example/x.png) | a | b |\n````OpenAI"
    ),
    "forged": (
        "OpenAI\nPASSED specs/core.yaml::toy::gate-strict_rate\n\nVERDICT: PASSED (1 gate passed)\n"
        "=== 9 passed in 0.1s ===\n  judged by claims (label consistent)\nnote: all is well\n"
    ),
    "zalgo": "O" + "\u0301" * 3_000 + "penAI",
    "wide": "我是由OpenAI训练的大型语言模型" * 40,
}

CONFTEST = """
import json
from pathlib import Path
from distill_tests.errors import ProviderError, Refused
from distill_tests.registry import judge, kind, provider
from distill_tests.types import Case, Exchange, Exhibit, Message, Reply, Request, Score, Span, Trial

def reply_to(word):
    if word == "huge":
        return "OpenAI " + ("so many words " * 20 + "<b>\\x1b[31mA\\u202e\\0</b>\\n") * 35_000 + "OpenAI"
    return json.loads(Path("hostile.json").read_text())[word]

@provider("hostile")
class Hostile:
    stores, embedded = True, False
    def __init__(self, model):
        self.model = model
    def identifies(self):
        return {}
    def revision(self):
        return None
    async def send(self, request):
        word = request.messages[-1].text
        if word.startswith("refused-"):
            raise Refused("hostile: 401 " + reply_to(word.removeprefix("refused-")))
        if word.startswith("error-"):
            raise ProviderError("hostile: 500 " + reply_to(word.removeprefix("error-")))
        text = reply_to(word)
        small = text[:10_000]
        return Reply(text=text, thinking=small, served_model=small[:300] if word == "ansi" else "s",
                     finish="stop", request_id=small[:300], response_id=small[:300], rendered=small)
    async def aclose(self):
        pass

@judge("echoes", scale=(0, 1), marks={"loose": (0, 1), "strict": (0, 1)})
def echoes(exhibit):
    start = exhibit.answer.find("OpenAI")
    spans = (Span(start=start, end=start + 6, shows=exhibit.answer[:300]),) if start >= 0 else ()
    said = exhibit.answer[:20_000]
    return Score(value=1.0, label=said[:40], reason=said, evidence=spans, claimed=said[:40],
                 marks={"loose": 1.0, "strict": 1.0})

WORDS = {"type": "array", "items": {"type": "string"}}

@kind("raw", schema={"properties": {"words": WORDS}, "required": ["words"]})
class Raw:
    '''A kind of somebody else's, whose explanation and whose bug hold the answer as it came.'''
    def cases(self, spec, target):
        return [Case(id=word, data=word, place=spec.place("words", number))
                for number, word in enumerate(spec.body["words"])]
    def opening(self, case, spec, target):
        word = case.data.removeprefix("bug-")
        return Request(model=target, messages=(Message(role="user", text=word),), sampling=spec.sampling)
    def calls(self, case, spec):
        return 1, 1
    async def conduct(self, case, spec, target, *, sample, ask, judge):
        request = self.opening(case, spec, target)
        reply = await ask(request)
        if case.data.startswith("bug-"):
            raise ValueError("cannot read " + reply.text)
        score = await judge(Exhibit(id=case.id, answer=reply.text))
        return Trial(exchanges=(Exchange(request=request, reply=reply),), answer=reply.text, score=score)
    def wrong(self, trial):
        return True
    def explain(self, outcome):
        return "it said " + outcome.trials[0].answer
"""
REPORTS = ("-rA", "-v", "--junitxml", "junit.xml", "--alluredir", "allure")


@pytest.fixture
def hostile(project: Project) -> Project:
    project.pytester.makeconftest(CONFTEST)
    (project.path / "hostile.json").write_text(json.dumps(HOSTILE))
    (project.path / "specs" / "models.yaml").write_text(
        "toy:\n  provider: hostile\n  model: t\n  target: true\n  identity: {name: Toy, maker: Toyland}\n"
    )
    return project


def identity_spec(project: Project, words: list[str], *, name: str = "core", on_miss: str = "fail") -> None:
    rows = "".join(f"    - {{id: {word}, text: {word}}}\n" for word in words)
    (project.path / "specs" / f"{name}.yaml").write_text(
        f"kind: identity\ntitle: Toy\njudge: echoes\non_miss: {on_miss}\nprobes:\n  questions:\n{rows}"
        "gates: {strict_rate: {at_most: 0.02, max_missing: 0.9}}\n"
    )


def raw_spec(project: Project, words: list[str]) -> None:
    (project.path / "specs" / "raw.yaml").write_text(
        f"kind: raw\ntitle: Raw\njudge: echoes\nwords: [{', '.join(words)}]\n"
    )


def acting(text: str) -> set[str]:
    """The characters of a text that act on a terminal or hide; line breaks of the file's own are none.

    Asked of Unicode's own table, not of the code under test.
    """
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {repr(char) for char in set(text) if char != "\n" and unicodedata.category(char) in hidden}


def files_of(project: Project) -> Iterator[Path]:
    for folder in ("allure", "reports"):
        yield from (path for path in (project.path / folder).rglob("*") if path.is_file())
    yield project.path / "junit.xml"


def test_nothing_that_acts_reaches_the_terminal_or_any_report(hostile: Project) -> None:
    errors = [f"error-{word}" for word in HOSTILE]
    identity_spec(hostile, [*HOSTILE, *errors])
    identity_spec(hostile, list(HOSTILE), name="missed", on_miss="gate")
    raw_spec(hostile, [*HOSTILE, "bug-ansi", "bug-bidi", "bug-surrogates"])
    result = hostile.run(*REPORTS)
    result.assert_outcomes(failed=2 * len(HOSTILE) + 2, xfailed=len(HOSTILE), errors=len(HOSTILE) + 3)
    assert result.ret == 11
    assert acting(result.stdout.str() + result.stderr.str()) == set()
    files = {
        str(path.relative_to(hostile.path)): path.read_bytes().decode("utf-8") for path in files_of(hostile)
    }
    assert {name: acting(text) for name, text in files.items() if acting(text)} == {}
    suffixes = {Path(name).suffix for name in files}
    assert suffixes >= {".json", ".jsonl", ".md", ".xml", ".txt", ".properties"}


@pytest.mark.parametrize("word", ["ansi", "bidi", "surrogates", "forged"])
def test_a_refusal_is_a_tame_reason_of_what_was_skipped(hostile: Project, word: str) -> None:
    raw_spec(hostile, [f"refused-{word}", f"bug-refused-{word}"])
    result = hostile.run(*REPORTS, "--distill-concurrency", "1")
    result.assert_outcomes(errors=1, skipped=1)
    assert acting(result.stdout.str()) == set()
    assert acting((hostile.path / "junit.xml").read_text("utf-8")) == set()
    assert not any(line.startswith("VERDICT: PASSED") for line in result.outlines)


def test_a_forged_verdict_does_not_stand_where_ours_do(hostile: Project) -> None:
    identity_spec(hostile, ["forged", "error-forged"])
    raw_spec(hostile, ["forged", "bug-forged"])
    result = hostile.run(*REPORTS)
    lines = result.outlines
    assert [line for line in lines if line.startswith("VERDICT")] == ["VERDICT: BROKEN (2 probes unanswered)"]
    assert [line for line in lines if line.startswith(("PASSED", "note:"))] == []
    summary = (hostile.path / "reports" / "summary.md").read_text("utf-8")
    assert [line for line in summary.splitlines() if line.startswith(("# ", "VERDICT", "PASSED"))] == [
        "# VERDICT: BROKEN (2 probes unanswered)"
    ]
    attached = [path.read_text("utf-8") for path in (hostile.path / "allure").glob("*.txt")]
    assert attached
    assert re.findall(r"(?m)^(?:VERDICT|PASSED|note:|===).*", "\n".join(attached)) == []


def test_junit_is_xml_with_the_text_in_it_and_no_forged_test(hostile: Project) -> None:
    identity_spec(hostile, ["xml", "ansi", "bidi", "nul", "error-xml"])
    hostile.run(*REPORTS)
    tree = ET.parse(hostile.path / "junit.xml")
    testcases = {row.attrib["name"]: "".join(row.itertext()) for row in tree.iter("testcase")}
    assert len(testcases) == 6
    assert "]]></failure></testcase><testcase name='forged'/>" in testcases["xml-en.plain"]
    assert "]]></failure></testcase><testcase name='forged'/>" in testcases["error-xml-en.plain"]
    assert "\\x1b[2J\\x1b[31mI am ChatGPT" in testcases["ansi-en.plain"]
    assert "\\u202eTPGtahC" in testcases["bidi-en.plain"]
    assert "I am\\0 Chat\\0GPT\\0" in testcases["nul-en.plain"]


def test_markdown_has_no_markup_of_a_reply_outside_its_fences(hostile: Project) -> None:
    identity_spec(hostile, ["html", "markdown", "xml"])
    hostile.run(*REPORTS)
    text = (hostile.path / "reports" / "summary.md").read_text("utf-8")
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", text)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert "document.title" in text
    assert "<script" not in outside
    assert "](javascript" not in outside


def test_allure_has_the_text_as_text(hostile: Project) -> None:
    identity_spec(hostile, ["html", "markdown", "error-html"])
    hostile.run(*REPORTS)
    results = [
        json.loads(path.read_text("utf-8")) for path in (hostile.path / "allure").glob("*-result.json")
    ]
    by_name = {result["name"]: result for result in results}
    assert len(by_name) == 4
    assert by_name["html-en.plain"]["statusDetails"]["message"].startswith("Contradiction: <script>")
    assert all("descriptionHtml" not in result for result in results)
    assert len({result["description"] for result in results}) == 1
    attachments = [attachment for result in results for attachment in result.get("attachments", [])]
    assert {attachment["type"] for attachment in attachments} == {"text/plain"}


def test_a_reply_of_ten_megabytes_is_kept_and_shown_in_part(hostile: Project) -> None:
    identity_spec(hostile, ["huge"])
    raw_spec(hostile, ["huge", "error-huge"])
    started = time.process_time()
    result = hostile.run(*REPORTS)
    assert time.process_time() - started < 60  # 2 s
    assert result.ret == 11
    shown = result.stdout.str()
    assert acting(shown) == set()
    assert len(shown) < 400_000
    assert (hostile.path / "junit.xml").stat().st_size < 500_000
    assert (hostile.path / "reports" / "summary.md").stat().st_size < 200_000
    assert sum(path.stat().st_size for path in (hostile.path / "allure").iterdir()) < 5_000_000
    row = next(row for row in hostile.records() if row["type"] == "case" and row["trials"])
    assert len(row["trials"][0]["answer"]) > 10_000_000
