"""Things the spec tests name in their YAML: providers, a judge and a statistic with options."""

from __future__ import annotations

from collections.abc import Mapping

from distill_tests.registry import judge, provider, statistic
from distill_tests.types import Estimate, Exhibit, Json, Model, Reply, Request, Sample, Score


@provider("paper", options={"replies": {"type": "array", "items": {"type": "string"}}})
class Paper:
    """A provider that is never asked."""

    stores = False
    embedded = True

    def __init__(self, model: Model) -> None:
        self.model = model

    def identifies(self) -> Mapping[str, Json]:
        return {}

    def revision(self) -> str | None:
        return None

    async def send(self, request: Request) -> Reply:
        raise NotImplementedError

    async def aclose(self) -> None:
        return None


@provider(
    "stone",
    options={"tablet": {"type": "object", "properties": {"path": {"type": "string"}}}},
    required=["tablet"],
)
class Stone(Paper):
    """As Paper, with an option that has to be there."""


@judge("panel-of-toys", options={"votes": {"type": "integer", "minimum": 1}}, calls=(1, 3))
def panel_of_toys(exhibit: Exhibit, votes: int = 1) -> Score:
    """A judge that asks a model."""
    return Score(value=None, label=f"{exhibit.id} {votes}")


@statistic("toy_mean", scale=(1, 5), options={"average": {"enum": ["macro", "micro"]}})
def toy_mean(sample: Sample, average: str = "micro") -> Estimate:
    """A statistic on a scale of 1 to 5."""
    return Estimate(value=None, low=None, high=None, n=len(sample.outcomes), method=average)
