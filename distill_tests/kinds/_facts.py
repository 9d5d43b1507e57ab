"""An identity card from a sentence such as "I am Nimbus, an assistant made by Cloudworks in France."

The sentence has to name a model, or a maker, that the lexicon knows; whatever else an auditor wants judged by
needs ``identity: {name, maker}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from distill_tests.errors import DataError
from distill_tests.lexicon import find_names, fold, makers, name_regex
from distill_tests.types import Identity


@cache
def identity_in(fact: str) -> Identity:
    """Who the speaker of ``fact`` is; raises DataError where that cannot be read off it.

    The first name of a model is its own, and the first of a maker its maker's; the places that the sentence
    names are its countries.
    """
    folded = fold(fact)
    mentions = find_names(folded)
    if not mentions:
        raise DataError("'fact' names no maker or model that the lexicon knows; give identity: {name, maker}")
    ids = {mention.maker for mention in mentions}
    if len(ids) > 1:
        named = ", ".join(sorted(makers[one].name for one in ids))
        raise DataError(f"'fact' names several makers ({named}); give identity: {{name, maker}}")
    written = [(mention.model, folded.text[mention.start : mention.end]) for mention in mentions]
    maker = next((text for is_model, text in written if not is_model), makers[mentions[0].maker].name)
    name = next((text for is_model, text in written if is_model), maker)
    return Identity(name=name, maker=maker, country=_countries(folded.lower), facts=(fact,))


def _countries(lower: str) -> tuple[str, ...]:
    regex, country = _places()
    return tuple(dict.fromkeys(country[match.group()] for match in regex.finditer(lower)))


@cache
def _places() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """A regex for the names of places, and the country that each stands for."""
    text = files("distill_tests").joinpath("data", "places.json").read_text(encoding="utf-8")
    country = {fold(name).lower: names[0] for names in json.loads(text)["places"].values() for name in names}
    del country["us"]  # the pronoun, too
    return name_regex(country), country
