"""What a judge model's reply states, strictly read, and which of its tokens spell the numbers.

A final statement is ``FINAL SCORE: 85`` (or ``FINAL ACCURACY: 85`` …), in capitals anywhere or in any case at
the beginning of a line; ``85/100`` and bold type are taken, ``101``, ``-3``, ``85.5`` and words are not.
The last one of each name counts.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from distill_tests.judges._expected_tree import (
    Doubtful,
    Step,
    is_beginning,
    is_complete,
    longest_number,
    probabilities,
    step_of,
)
from distill_tests.types import Reply, TokenLogprob

OVERALL: Final = ("overall",)
ACCR: Final = ("accuracy", "completeness", "conciseness", "relevance")
STEMS: Final[Mapping[str, str]] = {
    "overall": "FINAL SCORE",
    **{name: f"FINAL {name.upper()}" for name in ACCR},
}
ENDED: Final = (None, "stop", "end_turn", "stop_sequence", "eos", "eos_token")
"""How a reply ends that was not cut off, withheld or broken."""
LONGEST_REPLY: Final = 200_000

_BETWEEN: Final = r"[ \t*_`]*[:=][ \t*_`$\"']*"
_NUMBER: Final = re.compile(r"(0|[1-9][0-9]?|100)(?:[ \t]*/[ \t]*100)?[ \t*_`$\"'.]*")
_BEGUN: Final = re.compile(r"\s*(0|[1-9][0-9]?|100)(?:/100)?[ \t*_`$\"'.]*(\n|$)")
_DECORATION: Final = re.compile(r"[\s*_`$\"'.>#~-]*")


class Unusable(Exception):
    """A reply that is no verdict, and why."""


class Stated(NamedTuple):
    """A final statement: its number, and where in the text it, its number and the end of its line are."""

    number: int
    start: int
    at: int
    end: int


class Spelled(NamedTuple):
    """The nodes of the digit tree on a reply's way, and how many digits its tokenizer puts into a token."""

    nodes: Mapping[str, Sequence[Step]]
    longest: int


def _stem(name: str) -> re.Pattern[str]:
    """The words before a number, up to where it begins."""
    stem = STEMS[name].replace(" ", "[ \t]+")
    return re.compile(rf"(?:{stem}|(?im:^[ \t>*_#`~-]*{stem})){_BETWEEN}")


_STEMS: Final = {name: _stem(name) for name in STEMS}


def check_end(reply: Reply, *, max_tokens: int) -> None:
    """Raise Unusable for a reply that was cut off, withheld, or is not a text to read."""
    if reply.finish == "length":
        raise Unusable(f"the judge model's reply was cut off at max_tokens ({max_tokens})")
    if reply.finish not in ENDED:
        raise Unusable(f"the judge model's reply ended with {reply.finish!r}")
    if not reply.text.strip():
        raise Unusable("the judge model's reply is empty")
    if len(reply.text) > LONGEST_REPLY:
        raise Unusable(f"the judge model's reply has {len(reply.text):,} characters")


def statements(text: str, names: Sequence[str], *, shown: Sequence[str] = ()) -> dict[str, Stated]:
    """The last final statement of each name; raises Unusable for anything that leaves a doubt.

    ``shown`` are the texts that the judge model read: a statement that stands in one of them may be a
    quotation.
    """
    found = {name: _last(text, name) for name in names}
    missing = [STEMS[name] for name, one in found.items() if one is None]
    if missing:
        raise Unusable(f"the reply holds no {', '.join(missing)}")
    stated = {name: _number(text, name, one) for name, one in found.items() if one is not None}
    end = max(one.end for one in stated.values())
    if not _DECORATION.fullmatch(text, end):
        raise Unusable("the reply goes on after its final score")
    for name, one in stated.items():
        said = re.compile(rf"{STEMS[name].casefold()}\W{{0,9}}{one.number}(?![0-9])")
        if any(said.search(" ".join(known.casefold().split())) for known in shown):
            raise Unusable(f"{STEMS[name]}: {one.number} may be a quotation: it stands in a judged text")
    return stated


def before_statements(text: str, names: Sequence[str]) -> str:
    """The text up to the first words that begin a final statement, whether a number follows or not."""
    words = "|".join(STEMS[name].replace(" ", "[ \t]+") for name in names)
    found = re.search(rf"[ \t>*_#`~-]*(?:{words})", text, re.IGNORECASE)
    return text[: found.start() if found else len(text)].strip()


def begun_with(tokens: Sequence[TokenLogprob], *, most: int) -> int | None:
    """The number that a reply goes on with right after our own words, if nothing else is on its line.

    ``most``: tokens after which the reply is cut off, perhaps within the number.
    """
    found = _BEGUN.match("".join(token.token for token in tokens))
    if found is None or (not found[2] and len(tokens) >= most):
        return None
    return int(found[1])


def _last(text: str, name: str) -> re.Match[str] | None:
    last = None
    for found in _STEMS[name].finditer(text):
        last = found
    return last


def _number(text: str, name: str, stem: re.Match[str]) -> Stated:
    line_end = text.find("\n", stem.end())
    end = len(text) if line_end < 0 else line_end
    found = _NUMBER.fullmatch(text, stem.end(), end)
    if found is None:
        said = text[stem.end() : end].strip()[:40]
        raise Unusable(f"{STEMS[name]} is {said!r}, no whole number from 0 to 100")
    return Stated(int(found[1]), stem.start(), stem.end(), end)


# --- tokens -------------------------------------------------------------------------------------


def spelled(tokens: Sequence[TokenLogprob], name: str, number: int) -> Spelled:
    """What the tokens of the last statement tell; raises Doubtful where they do not fit the text."""
    text = "".join(token.token for token in tokens)
    stem = _last(text, name)
    if stem is None or not text.startswith(str(number), stem.end()):
        raise Doubtful("the tokens do not spell the statement")
    starts = list(itertools.accumulate((len(token.token) for token in tokens), initial=0))
    first = bisect.bisect_right(starts, stem.end()) - 1
    return walked(tokens, first, before=text[stem.start() : starts[first]], name=name)


def walked(tokens: Sequence[TokenLogprob], first: int, *, before: str, name: str) -> Spelled:
    """The nodes from the token ``first`` on, where the number begins; ``before``: the statement up to it."""
    nodes: dict[str, Sequence[Step]] = {"": _first_steps(tokens[first], before, name)}
    prefix = _digits_at_start(before + tokens[first].token, name)
    seen = [*(token.token for token in tokens), *(text for text, _ in tokens[first].top)]
    for token in tokens[first + 1 :]:
        if not prefix or not is_beginning(prefix) or is_complete(prefix):
            break
        nodes[prefix] = [step_of(text, p) for text, p in probabilities(token)]
        step = step_of(token.token, 1.0)
        if not step.digits or step.ends:
            break
        prefix += step.digits
    return Spelled(nodes, longest_number(seen))


def continued(tokens: Sequence[TokenLogprob], prefix: str) -> Spelled:
    """The nodes of a reply that goes on right after ``prefix``, the digits so far.

    After none, white space may come first: what follows it is taken, given that it came.
    """
    nodes: dict[str, Sequence[Step]] = {}
    for token in tokens:
        is_space = bool(token.token) and not token.token.strip()
        if is_space and not prefix:
            continue
        given = probabilities(token)
        nodes[prefix] = [step_of(text if prefix else text.lstrip(), p) for text, p in given]
        step = step_of(token.token if prefix else token.token.lstrip(), 1.0)
        prefix += step.digits
        if not step.digits or step.ends or not is_beginning(prefix) or is_complete(prefix):
            break
    if not nodes:
        raise Doubtful("the reply goes on with white space only")
    seen = [*(token.token for token in tokens), *(text for text, _ in tokens[0].top)]
    return Spelled(nodes, longest_number(seen))


def _first_steps(token: TokenLogprob, before: str, name: str) -> list[Step]:
    """The alternatives where the number begins; a token may hold the end of the words before it, too."""
    steps = []
    for text, p in probabilities(token):
        stem = _STEMS[name].match(before + text)
        if stem is None or stem.end() < len(before):
            steps.append(Step("", False, p))
            continue
        step = step_of((before + text)[stem.end() :], p)
        steps.append(step if step.digits else Step("", False, p))
    return steps


def _digits_at_start(text: str, name: str) -> str:
    stem = _STEMS[name].match(text)
    return step_of(text[stem.end() :], 1.0).digits if stem else ""
