"""A judge, provider, statistic, kind and reporter of one's own, each one decorated thing in conftest.py."""

from __future__ import annotations

from tests.e2e.conftest import Project

EXTENSIONS = """
from pathlib import Path
from distill_tests.registry import judge, kind, provider, reporter, statistic
from distill_tests.types import (
    Case, Estimate, Exchange, Exhibit, Message, Reply, Request, Score, Trial,
)

@provider("shout", options={"volume": {"type": "integer"}})
class Shout:
    stores, embedded = True, False
    def __init__(self, model):
        self.model = model
    def identifies(self):
        return {"volume": self.model.options.get("volume", 1)}
    def revision(self):
        return None
    async def send(self, request):
        return Reply(text=request.messages[-1].text.upper() + "!" * self.model.options.get("volume", 1))
    async def aclose(self):
        pass

@judge("loudness", scale=(0, 10), options={"per_mark": {"type": "number"}})
def loudness(exhibit, per_mark=1.0):
    return Score(value=exhibit.answer.count("!") * per_mark, label="loud")

@statistic("mean_loudness", scale=(0, 10))
def mean_loudness(sample, **options):
    values = [trial.score.value for outcome in sample.outcomes for trial in outcome.trials]
    mean = sum(values) / len(values)
    return Estimate(value=mean, low=min(values), high=max(values), n=len(values), method="range")

WORDS = {"type": "array", "items": {"type": "string"}}

@kind("echo", schema={"properties": {"words": WORDS}, "required": ["words"]})
class Echo:
    def cases(self, spec, target):
        return [Case(id=word, data=word, place=spec.place("words", number))
                for number, word in enumerate(spec.body["words"])]
    def opening(self, case, spec, target):
        message = Message(role="user", text=case.data)
        return Request(model=target, messages=(message,), sampling=spec.sampling)
    def calls(self, case, spec):
        return 1, 1
    async def conduct(self, case, spec, target, *, sample, ask, judge):
        request = self.opening(case, spec, target)
        reply = await ask(request)
        score = await judge(Exhibit(id=case.id, answer=reply.text))
        return Trial(exchanges=(Exchange(request=request, reply=reply),), answer=reply.text, score=score)
    def wrong(self, trial):
        return trial.score.value < 1
    def explain(self, outcome):
        return f"echo of {outcome.case.data}: {outcome.trials[0].answer}"

@reporter("tally")
class Tally:
    def during(self, record):
        with open("during.txt", "a") as file:
            file.write(record["node"] + "\\n")
    def after(self, run):
        Path("after.txt").write_text(f"{len(run.records)} records, verdict {run.summary['verdict']}")
"""


def test_all_five_extension_points_work_from_a_conftest(project: Project) -> None:
    project.pytester.makeconftest(EXTENSIONS)
    models = "loud:\n  provider: shout\n  model: s\n  target: true\n  volume: 3\n"
    (project.path / "specs" / "models.yaml").write_text(models)
    (project.path / "specs" / "echo.yaml").write_text(
        "kind: echo\ntitle: Echo\nwords: [one, two]\njudge: {name: loudness, per_mark: 2.0}\n"
        "gates: {mean_loudness: {at_least: 5}}\n"
    )
    result = project.run("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines_random(["specs/echo.yaml::loud::one PASSED*", "VERDICT: PASSED*"])
    assert project.summary()["gates"][0]["estimate"]["value"] == 6.0
    assert (project.path / "after.txt").read_text() == "3 records, verdict passed"
    assert len((project.path / "during.txt").read_text().splitlines()) == 3


def test_a_judges_bug_is_an_unscored_answer_and_not_a_verdict(project: Project) -> None:
    broken = EXTENSIONS.replace(
        "return Score(value=exhibit", "raise ValueError('oops') or Score(value=exhibit"
    )
    project.pytester.makeconftest(broken)
    (project.path / "specs" / "models.yaml").write_text(
        "loud:\n  provider: shout\n  model: s\n  target: true\n"
    )
    (project.path / "specs" / "echo.yaml").write_text(
        "kind: echo\ntitle: Echo\nwords: [one]\njudge: loudness\n"
    )
    result = project.run()
    record = next(row for row in project.records() if row["type"] == "case")
    assert record["verdict"] == "inconclusive"
    assert "ValueError: oops" in record["trials"][0]["score"]["reason"]
    assert result.ret == 10


def test_a_kinds_bug_breaks_its_case_with_a_traceback_and_the_rest_goes_on(project: Project) -> None:
    broken = EXTENSIONS.replace(
        "score = await judge(", "assert case.id != 'two', 'no twos'\n        score = await judge("
    )
    project.pytester.makeconftest(broken)
    (project.path / "specs" / "models.yaml").write_text(
        "loud:\n  provider: shout\n  model: s\n  target: true\n"
    )
    (project.path / "specs" / "echo.yaml").write_text(
        "kind: echo\ntitle: Echo\nwords: [one, two]\njudge: loudness\n"
    )
    result = project.run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: no twos*"])
    assert result.ret == 11
