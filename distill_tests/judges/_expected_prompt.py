"""What a caption judge is asked: twelve prompts, by what is captioned, what is shown and what is rated.

A prompt is a text file: a header (``version: 1``), a line of ``===``, and the text with the placeholders
``{caption}``, ``{references}`` and ``{output}`` (how to reply, our wording).
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.display import is_blank
from distill_tests.errors import DataError
from distill_tests.judges._quoting import PLACEHOLDER, Quoted, filled, quoted
from distill_tests.types import Exhibit, Image, Message

MEDIA: Final = ("image", "video")
EVIDENCE: Final = ("references", "visual", "both")
SCALES: Final = ("overall", "accr")
PROTOCOLS: Final = ("corrected", "published")
PLACEHOLDERS: Final = ("caption", "references", "output")
LARGEST_BYTES: Final = 200_000

_END_OF_HEADER: Final = re.compile(r"^===+[ \t]*\n", re.MULTILINE)
_VERSION: Final = re.compile(r"^version:[ \t]*(\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionPrompt:
    """``sha256`` is that of the file's text."""

    name: str
    version: str
    body: str
    sha256: str

    def told(self) -> dict[str, str]:
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


class Asked(NamedTuple):
    """The messages; ``left_out`` characters of caption and references are not in them."""

    messages: tuple[Message, ...]
    left_out: int


@functools.cache
def shipped_prompt(media: str, evidence: str, scale: str) -> CaptionPrompt:
    """The prompt of that name that comes with the package."""
    name = f"caption_{media}_{evidence}_{scale}"
    return prompt_of(_shipped(f"{name}.txt"), name=name, evidence=evidence)


def prompt_in(path: Path, *, evidence: str) -> CaptionPrompt:
    """The prompt in a file; raises DataError, with the path."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path}: a prompt has at most {LARGEST_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 (byte 0x{error.object[error.start]:02x})") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return prompt_of(text, name=path.stem, evidence=evidence)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def prompt_of(text: str, *, name: str, evidence: str) -> CaptionPrompt:
    """The prompt in a text; raises DataError in words."""
    header, found, body = "", _END_OF_HEADER.search(text), text
    if found is not None:
        header, body = text[: found.start()], text[found.end() :]
    used = PLACEHOLDER.findall(body)
    wanted = {"caption", "output"} | ({"references"} if evidence != "visual" else set())
    for placeholder in used:
        if placeholder not in PLACEHOLDERS:
            near = get_close_matches(placeholder, PLACEHOLDERS, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else f"known: {', '.join(PLACEHOLDERS)}"
            raise DataError(f"the prompt has an unknown placeholder {{{placeholder}}}; {hint}")
        if used.count(placeholder) > 1:
            raise DataError(f"the placeholder {{{placeholder}}} stands twice")
    if missing := sorted(wanted - set(used)):
        raise DataError(f"the prompt lacks {{{missing[0]}}}, which evidence: {evidence} needs")
    if evidence == "visual" and "references" in used:
        raise DataError("the prompt shows {references}, and evidence: visual has none")
    version = _VERSION.search(header)
    return CaptionPrompt(
        name=name,
        version=version[1].strip() if version else "",
        body=body.strip() + "\n",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def system_text() -> str:
    """The system message that goes before every prompt, but for published ones."""
    return _shipped("caption_system.txt").strip()


@functools.cache
def output_text(protocol: str, scale: str) -> str:
    """How to reply, for the judge model."""
    document: Mapping[str, Any] = json.loads(_shipped("caption_output.json"))
    return str(document[protocol][scale])


def asked_for(
    exhibit: Exhibit,
    prompt: CaptionPrompt,
    *,
    output: str,
    images: Sequence[Image],
    longest: int,
    is_published: bool,
) -> Asked:
    """The messages for a caption.  ``longest``: the characters of the caption, and of all references.

    As published, a prompt with an image is one user message and one without is one system message;
    else our system message goes first.
    """
    blocks = {"caption": quoted(exhibit.answer, longest=longest)}
    if "references" in PLACEHOLDER.findall(prompt.body):
        blocks["references"] = _together(usable_references(exhibit), longest)
    text = filled(prompt.body, blocks, {"output": output})
    left_out = sum(block.left_out for block in blocks.values())
    if is_published:
        role: Any = "user" if images else "system"
        return Asked((Message(role=role, text=text, images=tuple(images)),), left_out)
    question = Message(role="user", text=text, images=tuple(images))
    return Asked((Message(role="system", text=system_text()), question), left_out)


def usable_references(exhibit: Exhibit) -> tuple[str, ...]:
    """The references that hold a visible character."""
    return tuple(text for text in exhibit.references if not is_blank(text))


def _together(texts: Sequence[str], longest: int) -> Quoted:
    each = [quoted(text, longest=max(1, longest // len(texts))) for text in texts]
    return Quoted(tuple(line for one in each for line in one.lines), sum(one.left_out for one in each))


@functools.cache
def _shipped(name: str) -> str:
    return resources.files("distill_tests").joinpath("data", "prompts", name).read_text(encoding="utf-8")
