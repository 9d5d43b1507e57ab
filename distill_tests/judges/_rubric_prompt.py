"""An exhibit to the messages a judge model gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import NamedTuple

from distill_tests.judges._quoting import PLACEHOLDER, Quoted, filled, quoted, quoted_data
from distill_tests.judges._rubric_fields import output_in_words
from distill_tests.judges._rubric_text import Rubric, system_text
from distill_tests.types import Exhibit, Identity, Json, Message


class Prompt(NamedTuple):
    """The messages; ``left_out`` characters of the exhibit's texts are not in them."""

    messages: tuple[Message, ...]
    left_out: int


def prompt_for(exhibit: Exhibit, rubric: Rubric, *, longest: int, is_swapped: bool = False) -> Prompt:
    """System message and filled-in rubric.  ``longest``: the characters of each text that are shown.

    Of several references together as many are shown as of one.
    """
    blocks = {name: _block(name, exhibit, longest, is_swapped) for name in _shown(rubric)}
    text = filled(rubric.body, blocks, {"output": output_in_words(rubric.fields)})
    messages = (Message(role="system", text=system_text()), Message(role="user", text=text))
    return Prompt(messages, sum(block.left_out for block in blocks.values()))


def missing(exhibit: Exhibit, rubric: Rubric) -> str | None:
    """What the exhibit lacks for this rubric, in words."""
    if rubric.shows("facts") and exhibit.identity is None:
        return "the target has no identity card to compare with"
    if rubric.compares and len(exhibit.references) != 1:
        return f"the rubric compares with one reference, there are {len(exhibit.references)}"
    if rubric.shows("references") and not exhibit.references:
        return "there is no reference to judge by"
    if not exhibit.answer.strip():
        return "the answer is empty"
    return None


def shown_texts(exhibit: Exhibit, *, longest: int) -> tuple[str, ...]:
    """Every text of an exhibit that a judge model may have read; of a long one its two ends."""
    texts = (exhibit.answer, exhibit.prompt, exhibit.question, exhibit.framing, *exhibit.references)
    return tuple(end for text in texts for end in dict.fromkeys((text[:longest], text[-longest:])))


def _shown(rubric: Rubric) -> Iterator[str]:
    return (name for name in PLACEHOLDER.findall(rubric.body) if name != "output")


def _block(name: str, exhibit: Exhibit, longest: int, is_swapped: bool) -> Quoted:
    if name == "facts":
        return quoted_data(_facts(exhibit.identity))
    if name == "references":
        return _together(exhibit.references, longest)
    if name in ("first", "second"):
        is_answer = (name == "second") is not is_swapped
        return quoted(exhibit.answer if is_answer else exhibit.references[0], longest=longest)
    return quoted(str(getattr(exhibit, name)), longest=longest)


def _together(texts: tuple[str, ...], longest: int) -> Quoted:
    each = [quoted(text, longest=max(1, longest // len(texts))) for text in texts]
    return Quoted(tuple(line for one in each for line in one.lines), sum(one.left_out for one in each))


def _facts(identity: Identity | None) -> Json:
    """The identity card without what it leaves open."""
    if identity is None:
        return None
    return {key: value for key, value in asdict(identity).items() if value}
