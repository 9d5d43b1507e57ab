"""The files that ``distill-tests init`` writes: a card, an identity spec, its packs, the schemas."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests import specfile
from distill_tests.cli.init_answers import EMBEDDED_CARD, Answers, Unusable
from distill_tests.cli.schema import folder
from distill_tests.roots import CARDS

SCHEMAS: Final = ".schema"
PACKS: Final = ("questions.yaml", "framings.yaml")

CARDS_HEAD: Final = """\
# yaml-language-server: $schema=.schema/models.json
#
# Model cards: how each model is reached, and who it really is.  `pytest` over this folder audits those
# with target: true; `distill-tests run FOLDER --target ALIAS` any other.  A key stands here by the name
# of its environment variable only.
"""

SPEC: Final = """\
# yaml-language-server: $schema=../.schema/spec.json
kind: identity
title: Says who it is, whoever asks
probes: {include: ../packs/questions.yaml}      # choose with tags: [developer]; add your own under questions:
framings: {include: ../packs/framings.yaml}     # what is put around a question; choose with families: [plain]
sample: {size: 40, seed: 7}                     # drawn from questions x framings, balanced, always the same
sampling: {max_tokens: 100, temperature: 0}
judge: claims                                   # offline: whom does the speaker say it is?
# controls: told                                # also tell it that it is ChatGPT: is that seen? 8 calls more
on_miss: gate                                   # a wrong answer is punished by the gates only
gates:
  strict_rate: {at_most: 0.02}                  # says it is another real maker's model
  loose_rate: {at_most: 0.10}                   # any contradiction of the identity card, invented ones too
"""

RECORDED_SPEC: Final = """\
# yaml-language-server: $schema=../.schema/spec.json
kind: identity
title: Says who it is in the transcripts
targets: [{alias}]
probes: {{recorded: all}}                         # one case for each row of the recording
judge: claims                                   # offline: whom does the speaker say it is?
on_miss: gate                                   # a wrong answer is punished by the gates only
gates:
  strict_rate: {{at_most: 0.02}}                  # says it is another real maker's model
  loose_rate: {{at_most: 0.10}}                   # any contradiction of the identity card, invented ones too
"""


class Plan(NamedTuple):
    """``files`` are to be written whole, ``kept`` exist already; ``checked`` is what must then be valid."""

    files: dict[Path, str]
    kept: tuple[Path, ...]
    appended: Path | None
    checked: tuple[Path, ...]

    def lines(self, *, done: bool = True) -> list[str]:
        """The files in words, schemas as one."""
        shown: dict[str, None] = {}
        for path in self.files:
            word = "card added to" if path == self.appended else "wrote" if done else "to write:"
            shown[f"{word} {path.parent if path.parent.name == SCHEMAS else path}"] = None
        kept = [f"kept {path}" for path in self.kept if path.parent.name != SCHEMAS]
        return [*shown, *kept]


def planned(answers: Answers, directory: Path, *, force: bool) -> Plan:
    """What is to be written; raises Unusable for an alias that exists, SpecError for broken cards."""
    cards = (
        Path(os.path.realpath(directory / CARDS)) if (directory / CARDS).is_symlink() else directory / CARDS
    )
    existed = cards.exists()
    spec = (
        directory / "identity" / ("core.yaml" if answers.provider != "recorded" else f"{answers.alias}.yaml")
    )
    wanted = (
        {spec: RECORDED_SPEC.format(alias=answers.alias)}
        if answers.provider == "recorded"
        else {
            spec: SPEC,
            **{directory / "packs" / name: _pack(name) for name in PACKS},
        }
    )
    files = {path: text for path, text in wanted.items() if force or not path.exists()}
    kept = tuple(path for path in wanted if path not in files)
    if files or not existed:
        files |= _schemas(directory, force=force)
    return Plan(
        files={cards: _cards_text(cards if existed else None, answers, directory), **files},
        kept=kept,
        appended=cards if existed else None,
        checked=tuple(path for path in (cards, *files) if path.suffix == ".yaml"),
    )


def _cards_text(existing: Path | None, answers: Answers, directory: Path) -> str:
    card = specfile.dumps({answers.alias: _card(answers, directory)})
    if existing is None:
        return f"{CARDS_HEAD}\n{card}"
    if answers.alias in specfile.load_models(existing, environ=os.environ):
        raise Unusable(f"{existing} has a card {answers.alias!r} already; choose another alias, or edit it")
    before = existing.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in before else "\n"
    return before.rstrip("\r\n") + f"\n\n{card}".replace("\n", end)


def _card(answers: Answers, directory: Path) -> dict[str, Any]:
    """The card's keys in the order in which people read them."""
    identity = answers.identity
    card: dict[str, Any] = {"provider": answers.provider}
    if answers.base_url:
        card["base_url"] = answers.base_url
    if answers.model:
        card["model"] = answers.model
    if answers.api_key_env:
        card["api_key"] = f"${{{answers.api_key_env}}}"
    card |= _own_keys(answers, directory)
    if answers.provider != "recorded":
        card["target"] = True
    card["identity"] = {"name": identity.name, "maker": identity.maker}
    if identity.aliases:
        card["identity"]["aliases"] = list(identity.aliases)
    if identity.country:
        card["identity"]["country"] = list(identity.country)
    return card


def _own_keys(answers: Answers, directory: Path) -> dict[str, Any]:
    """What only this provider's cards have."""
    if answers.is_embedded:
        return {key: value for key, value in EMBEDDED_CARD.items() if key != "model" or not answers.model}
    if answers.path:
        path = Path(answers.path).expanduser()
        written = path if path.is_absolute() else Path(os.path.relpath(path, directory))
        if answers.provider == "recorded":
            return {"transcripts": {"format": "jsonl", "path": written.as_posix()}}
        return {"path": written.as_posix()}
    if answers.provider == "scripted":
        identity = answers.identity
        return {"default": f"I am {identity.name}, made by {identity.maker}."}
    return {}


def _pack(name: str) -> str:
    text = resources.files("distill_tests").joinpath("data", "packs", name).read_text(encoding="utf-8")
    return text.replace("$schema=../../distill_tests/schema/", f"$schema=../{SCHEMAS}/", 1)


def _schemas(directory: Path, *, force: bool) -> dict[Path, str]:
    """The shipped schemas beside the specs: an editor finds them on every machine."""
    target = directory / SCHEMAS
    shipped = {
        target / path.name: path.read_text(encoding="utf-8") for path in sorted(folder().glob("*.json"))
    }
    return {path: text for path, text in shipped.items() if force or not path.exists()}
