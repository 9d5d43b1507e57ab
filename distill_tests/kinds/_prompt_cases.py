"""The declared set of specs that put prompts to several models: what is drawn of their sets, as cases."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import BadRows, DataError, Problem, SpecError
from distill_tests.plan import in_random_order, set_hash
from distill_tests.prompts import Prompt, PromptSet, Source, prompt_sets
from distill_tests.specfile.files import absent
from distill_tests.types import Case, Json, Model, Pointer, Spec

MOST_CHARACTERS: Final = 60
"""Of a prompt's id in the name of its test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the models are asked: the user's ``turns``.

    ``left_out``: rows of its file that cannot be used.  ``set_hash`` names the declared set.
    """

    prompt: Prompt
    left_out: int = 0
    set_hash: str = ""

    @property
    def turns(self) -> tuple[str, ...]:
        return self.prompt.turns


class _Placed(NamedTuple):
    """A source, and the keys of the spec that its size and its path stand under."""

    source: Source
    size_at: Pointer
    path_at: Pointer


def prompt_cases(spec: Spec, beside: Sequence[Model]) -> tuple[Case, ...]:
    """A case for each drawn prompt, in planned order; raises SpecError with every problem at once.

    ``beside``: the models that are asked the same and belong to what is declared.
    """
    section: Mapping[str, Any] = spec.body["prompts"]
    problems: list[Problem] = list(_misfits(spec, section))
    found: list[PromptSet] = []
    seed = int(section.get("seed", 0))
    for placed in _sources(spec, section) if not problems else ():
        read = _read(spec, placed, seed, problems)
        wanted = placed.source.sets
        problems += _too_small(spec, placed, [one for one in read if wanted is None or one.name in wanted])
        if read:
            problems += _unknown_sets(spec, placed, read)
        found += read
    if not problems and not any(one.prompts for one in found):
        what = "no prompt is left"
        problems.append(Problem(place=spec.place("prompts"), what=what, allowed="widen sets or languages"))
    if problems:
        raise SpecError(problems)
    cases = {case.id: case for case in _cases(found)}
    told: Json = {
        "models": [{"provider": one.provider, "model": one.model, "system": one.system} for one in beside],
        "judged_turns": spec.body.get("judged_turns", "all"),
    }
    contents = {name: case.data.prompt.content() for name, case in cases.items()}
    digest = set_hash({**contents, " beside": told})  # no case's id starts with a blank
    ordered = (cases[name] for name in in_random_order(cases, seed=seed))
    return tuple(replace(case, data=replace(case.data, set_hash=digest)) for case in ordered)


# --- files ----------------------------------------------------------------------------------------


def _misfits(spec: Spec, section: Mapping[str, Any]) -> Iterator[Problem]:
    sets = section.get("sets")
    if "data" not in section and not isinstance(sets, Mapping):
        what = "there is no file of prompts"
        allowed = "give data: FILE, or sets: {NAME: {path: FILE, format: …}}"
        yield Problem(place=spec.place("prompts"), what=what, allowed=allowed)
    if "data" in section and isinstance(sets, Mapping):
        what = "'data' is one file for all sets, and 'sets' gives each set its own"
        allowed = "remove data, or make sets a list of names"
        yield Problem(place=spec.place("prompts", "data"), what=what, allowed=allowed)


def _sources(spec: Spec, section: Mapping[str, Any]) -> Iterator[_Placed]:
    sets = section.get("sets")
    if not isinstance(sets, Mapping):
        source = _source(spec, section["data"], section)
        chosen = tuple(sets) if sets is not None else None
        yield _Placed(replace(source, sets=chosen), ("prompts", "size"), ("prompts", "data"))
        return
    for name, written in sets.items():
        at: Pointer = ("prompts", "sets", name)
        source = _source(spec, written["path"], {**section, **written})
        size_at = (*at, "size") if "size" in written else ("prompts", "size")
        yield _Placed(replace(source, set=name), size_at, (*at, "path"))


def _source(spec: Spec, path: str, limits: Mapping[str, Any]) -> Source:
    """YAML's 5.0 is a whole number too."""
    return Source(
        path=Path(spec.path).parent / path,
        format=limits.get("format", "prompts"),
        size=int(limits["size"]) if "size" in limits else None,
        max_turns=int(limits["max_turns"]) if "max_turns" in limits else None,
        max_bad_rows=int(limits.get("max_bad_rows", 0)),
        languages=tuple(limits["languages"]) if "languages" in limits else None,
    )


def _read(spec: Spec, placed: _Placed, seed: int, problems: list[Problem]) -> tuple[PromptSet, ...]:
    source, place = placed.source, spec.place(*placed.path_at)
    if not source.path.exists():
        what, allowed = absent(source.path)
        problems.append(Problem(place=place, what=what, allowed=allowed))
        return ()
    try:
        return prompt_sets(source, seed=seed)
    except BadRows as error:
        problems.extend(error.problems)
    except DataError as error:
        problems.append(Problem(place=place, what=str(error)))
    return ()


def _too_small(spec: Spec, placed: _Placed, found: Iterable[PromptSet]) -> Iterator[Problem]:
    size = placed.source.size
    for one in found:
        if size is not None and size > one.usable:
            yield Problem(
                place=spec.place(*placed.size_at),
                what=f"the sample is larger than the set {one.name!r}",
                got=str(size),
                allowed=f"at most {one.usable}",
            )


def _unknown_sets(spec: Spec, placed: _Placed, found: Iterable[PromptSet]) -> Iterator[Problem]:
    names = [one.name for one in found]
    for index, name in enumerate(placed.source.sets or ()):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            allowed = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(names)[:20])}"
            what = f"no prompt belongs to the set {name!r}"
            yield Problem(place=spec.place("prompts", "sets", index), what=what, allowed=allowed)


# --- cases ----------------------------------------------------------------------------------------


def _cases(found: Iterable[PromptSet]) -> Iterator[Case]:
    taken: set[str] = set()
    several = _in_several_languages(found)
    for one in found:
        for prompt in sorted(one.prompts, key=lambda prompt: (prompt.id, prompt.language)):
            name = _name(prompt, with_language=(prompt.set, prompt.id) in several, taken=taken)
            taken.add(name)
            turns = "multi" if len(prompt.turns) > 1 else "single"
            yield Case(
                id=name,
                data=Question(prompt=prompt, left_out=one.left_out),
                place=prompt.place,
                tags=tuple(dict.fromkeys((prompt.set, prompt.language, turns))),
                clusters={"prompt": f"{prompt.set}-{prompt.cluster}"},
                groups={"set": prompt.set, "language": prompt.language, "turns": turns},
            )


def _in_several_languages(found: Iterable[PromptSet]) -> set[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    twins: set[tuple[str, str]] = set()
    for one in found:
        for prompt in one.prompts:
            key = (prompt.set, prompt.id)
            (twins if key in seen else seen).add(key)
    return twins


def _name(prompt: Prompt, *, with_language: bool, taken: set[str]) -> str:
    """``SET-ID``, as far as it may stand in a test's name; where that is not all of it, with a hash."""
    written = f"{prompt.set}-{prompt.id}" + (f"-{prompt.language}" if with_language else "")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", written).strip("-.")[: MOST_CHARACTERS + len(prompt.set) + 1]
    if name == written and name not in taken:
        return name
    digest = hashlib.sha256(f"{written}-{prompt.language}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name}-{digest[:8]}"
