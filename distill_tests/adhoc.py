"""Targets without a card: ``openai:gpt-4o-mini``, asked as its provider does by default."""

from __future__ import annotations

import re

from distill_tests.errors import DistillError
from distill_tests.lexicon import find_names, fold, makers
from distill_tests.registry import providers
from distill_tests.types import Identity, Model


def adhoc_model(text: str) -> Model | None:
    """The card that ``PROVIDER:MODEL`` stands for, or None for an alias (which has no colon).

    The alias is a slug of the text.  The identity is known where the model's name begins with a name of
    one of its maker's models and names no other maker; otherwise the card has none, and judges that need
    one say so.  Raises UnknownName for an unknown provider, DistillError for one that needs a card.
    """
    provider, colon, name = text.partition(":")
    if not colon:
        return None
    entry = providers.get(provider)
    if entry.required:
        needed = ", ".join(entry.required)
        raise DistillError(
            f"target {text!r}: provider {provider!r} needs a card in models.yaml, with {needed}"
        )
    if not name.strip():
        raise DistillError(f"target {text!r} names no model; write {provider}:MODEL")
    return Model(alias=_slug(text), provider=provider, model=name, identity=_identity(name))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")


def _identity(name: str) -> Identity | None:
    *_folders, own_name = name.split("/")
    mentions = find_names(fold(name))
    begins = any(mention.start == 0 for mention in find_names(fold(own_name)))
    if not begins or len({mention.maker for mention in mentions}) != 1:
        return None
    return Identity(name=own_name, maker=makers[mentions[0].maker].name)
