"""Mutators that ask a model: what it is asked, and the template in what it wrote."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from distill_tests.search.offline import Material
from distill_tests.search.templates import PLACEHOLDER, repaired
from distill_tests.search.wording import entries, sections

_MARK: Final = re.compile(r"<<(template|other)>>")
_OPENING: Final = re.compile("<template>", re.IGNORECASE)
_CLOSING: Final = re.compile("</template>", re.IGNORECASE)
_FENCE: Final = re.compile(r"```[\w-]{0,20}")
_QUOTES: Final = ('""', "“”", "''", "「」", "『』", "``")
_MOST_READ: Final = 100_000


class Written(NamedTuple):
    """The ``template`` a model wrote, or why there is none."""

    template: str | None
    why_not: str | None


def prompt(mutator: str, material: Material) -> str | None:
    """What the model is asked; None where the mutator needs a partner and there is none."""
    text = sections(f"prompts.{material.language}.txt")[mutator]
    inserts = {"template": material.template, "other": material.other}
    if "<<other>>" in text and material.other is None:
        return None
    return _MARK.sub(lambda found: inserts[found[1]] or "", text)


def template_in(reply: str) -> Written:
    """The template without what models put around it; refusals are told by how they start."""
    if len(reply) > _MOST_READ:
        return Written(None, f"longer than {_MOST_READ:,} characters")
    text = _unwrapped(reply.strip())
    if not text:
        return Written(None, "empty")
    if any(regex.match(text) for regex in _patterns("refusal")):
        return Written(None, "a refusal")
    return Written(repaired(text), None)


def _unwrapped(text: str) -> str:
    """Without announcement, leave-taking, tags, code fence and quotes around all of it."""
    text = _announced(_tagged(text))
    lines = [line for line in text.splitlines() if not _FENCE.fullmatch(line.strip())]
    text = "\n".join(_without_leave(lines)).strip()
    while len(text) > 1 and text[0] + text[-1] in _QUOTES and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _tagged(text: str) -> str:
    """What stands between the tags, if they are there."""
    opening = _OPENING.search(text)
    if opening is None:
        return text
    closing = _CLOSING.search(text, opening.end())
    return text[opening.end() : closing.start() if closing else len(text)].strip()


def _announced(text: str) -> str:
    """Without announcements at the start, as long as a template is left."""
    for regex in _patterns("before"):
        found = regex.match(text)
        if found and PLACEHOLDER in repaired(text[found.end() :]):
            text = text[found.end() :].strip()
    return text


def _without_leave(lines: list[str]) -> list[str]:
    """Without empty lines and lines that take leave at the end; the first line is never taken."""
    while len(lines) > 1:
        line = lines[-1].strip()
        if line and not any(regex.fullmatch(line) for regex in _patterns("after")):
            break
        lines = lines[:-1]
    return lines


@cache
def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(line, re.IGNORECASE) for line in entries("replies.txt", kind))
