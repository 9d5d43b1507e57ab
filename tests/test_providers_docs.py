"""The cards in docs/providers.md are read as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from distill_tests import specfile
from distill_tests.registry import providers

DOCUMENT = (Path(__file__).parents[1] / "docs" / "providers.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)


def test_every_card_loads_and_its_provider_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("".join(BLOCKS), encoding="utf-8")
    models = specfile.load_models(path, environ={})
    assert len(models) == sum(len(re.findall(r"^\S.*:$", block, re.MULTILINE)) for block in BLOCKS) == 13
    for model in models.values():
        assert providers.get(model.provider).make(model).identifies()["model"] == model.model


def test_every_option_is_in_the_document() -> None:
    for name in ("openai", "anthropic", "scripted"):
        for option in providers.get(name).options:
            assert f"`{option}" in DOCUMENT or f"  {option}:" in DOCUMENT, option
