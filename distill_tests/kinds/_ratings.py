"""The ``ratings`` of a calibration spec: rated captions as cases, and what cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from distill_tests.calibrations import heading_of
from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.kinds._ratings_checks import dimensions_of, gate_problems, metrics_of
from distill_tests.kinds._ratings_metrics import OfflineMetrics
from distill_tests.plan import in_random_order, set_hash
from distill_tests.ratings.beside import FACTOR, RatedRow
from distill_tests.ratings.formats import read_ratings
from distill_tests.ratings.items import Found, RatedItem
from distill_tests.registry import Declared
from distill_tests.specfile.files import absent, shown_path
from distill_tests.types import Case, Exhibit, Json, Spec

MOST_NAMED: Final = 50
PROTOCOL: Final = "item_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A rated item that counts, as it becomes a case."""

    row: RatedRow

    @property
    def id(self) -> str:
        return self.row.item.id

    @property
    def line(self) -> int:
        return self.row.item.place.line


def exhibit_of(item: RatedItem) -> Exhibit:
    """What the judge is shown: caption, references, and the path of an image or video that it opens."""
    recorded: dict[str, Json] = {
        name: path for name, path in (("image", item.image), ("video", item.video)) if path is not None
    }
    return Exhibit(id=item.id, answer=item.caption, references=item.references, recorded=recorded)


def rated_case(one: Rated, name: str) -> Case:
    item = one.row.item
    clusters = {FACTOR: item.clip}
    if item.pair is not None:
        clusters["pair"] = item.pair.name
    groups = {"group": item.group} if item.group else {}
    return Case(id=name, data=one.row, place=item.place, clusters=clusters, groups=groups)


def rated_rows(spec: Spec, declared: Declared) -> tuple[Rated, ...]:
    """The items that count, in file order; the first has what is known of the set.

    Raises SpecError with every bad entry if there are too many, and with every mistake in the spec.
    """
    section = spec.body["ratings"]
    metrics = metrics_of(spec)
    found = _read(spec, section)
    _refuse_bad(spec, found)
    items = _drawn(spec, found.items)
    dimensions = dimensions_of(spec, items, declared)
    problems = list(gate_problems(spec, items, dimensions, metrics))
    if problems:
        raise SpecError(problems)
    protocol = str(section.get("protocol", PROTOCOL))
    set_sha256 = set_hash({item.id: _content(item) for item in items})
    offline = OfflineMetrics(items, metrics)
    about = _about(spec, found, items, dimensions, set_sha256)
    return tuple(
        Rated(
            row=RatedRow(
                item=item,
                dimensions=dimensions,
                metrics=offline.scores,
                protocol=protocol,
                set_hash=set_sha256,
                about=None if number else about,
            )
        )
        for number, item in enumerate(items)
    )


# --- the file -------------------------------------------------------------------------------------


def _read(spec: Spec, section: Mapping[str, Any]) -> Found:
    """Raises SpecError for files that are not there or cannot be read."""
    folder = Path(spec.path).parent
    paths = {key: folder / section[key] for key in ("path", "captions", "images") if key in section}
    problems = []
    for key, path in paths.items():
        if key == "images":
            if not path.is_dir():
                problems.append(Problem(place=spec.place("ratings", key), what=f"no folder {section[key]!r}"))
        elif not path.is_file():
            what, allowed = absent(path, written=section[key])
            problems.append(Problem(place=spec.place("ratings", key), what=what, allowed=allowed))
    problems.extend(_unfitting(spec, section))
    if problems:
        raise SpecError(problems)
    scale = section.get("scale")
    try:
        return read_ratings(
            paths["path"],
            format=section["format"],
            named=shown_path(paths["path"]),
            images=paths.get("images"),
            captions=paths.get("captions"),
            scale=(float(scale[0]), float(scale[1])) if scale else None,
            max_bad_rows=int(section.get("max_bad_rows", 0)),
        )
    except DataError as error:
        raise SpecError([Problem(place=spec.place("ratings", "path"), what=str(error))]) from None


def _unfitting(spec: Spec, section: Mapping[str, Any]) -> Iterator[Problem]:
    """Keys that do not go with the format."""
    form = section["format"]
    if form == "foil" and "captions" not in section:
        what = "FOIL's file names no references"
        yield Problem(place=spec.place("ratings"), what=what, allowed="captions: COCO's file of captions")
    if form != "foil" and "captions" in section:
        what = f"captions: is for format foil, and this is {form}"
        yield Problem(place=spec.place("ratings", "captions"), what=what, allowed="remove this key")
    scale = section.get("scale")
    if scale and form != "jsonl":
        what = f"format {form} has its own scale"
        yield Problem(place=spec.place("ratings", "scale"), what=what, allowed="remove this key")
    elif scale and not scale[0] < scale[1]:
        place = spec.place("ratings", "scale")
        yield Problem(place=place, what="a scale has a lower end and a higher one", got=str(list(scale)))


def _refuse_bad(spec: Spec, found: Found) -> None:
    allowed, count = int(spec.body["ratings"].get("max_bad_rows", 0)), len(found.problems)
    if count > allowed:
        place = spec.place("ratings", "max_bad_rows") if allowed else spec.place("ratings", "path")
        what = f"{count} {'entry' if count == 1 else 'entries'} of {found.path} cannot be used"
        head = Problem(place=place, what=what, allowed=f"max_bad_rows is {allowed}")
        more = [Problem(place=place, what=f"… and {count - MOST_NAMED} more")] if count > MOST_NAMED else []
        raise SpecError([head, *found.problems[:MOST_NAMED], *more])
    if not found.items:
        what = f"{found.path} has no rated caption that can be used"
        raise SpecError([Problem(place=spec.place("ratings", "path"), what=what)])


def _drawn(spec: Spec, items: Sequence[RatedItem]) -> list[RatedItem]:
    """All items of as many clips as the spec says, drawn by hashes of their names, in file order."""
    section = spec.body["ratings"]
    size = section.get("clips")
    if size is None:
        return list(items)
    names = list(dict.fromkeys(item.clip for item in items))
    if size > len(names):
        place = spec.place("ratings", "clips")
        allowed = f"at most {len(names)}"
        raise SpecError(
            [Problem(place=place, what="more clips than the file has", got=str(size), allowed=allowed)]
        )
    kept = set(in_random_order(names, seed=int(section.get("seed", 0)))[: int(size)])
    return [item for item in items if item.clip in kept]


# --- what is known of the set ---------------------------------------------------------------------


def _about(
    spec: Spec, found: Found, items: Sequence[RatedItem], dimensions: Mapping[str, str], sha256: str
) -> dict[str, Json]:
    section, use = spec.body["ratings"], spec.judge
    assert use is not None, "the schema asks for a judge"
    return {
        "judge": heading_of(use),
        "path": found.path,
        "format": section["format"],
        "sha256": sha256,
        "annotators": section["annotators"],
        "protocol": section.get("protocol", PROTOCOL),
        "items": len(items),
        "clips": len({item.clip for item in items}),
        "of_file": len(found.items),
        "dimensions": dict(dimensions),
        "left_out": dict(found.left_out),
        "bad_rows": [str(problem) for problem in found.problems[:MOST_NAMED]],
        "is_reference": sum(_is_reference(item) for item in items),
    }


def _is_reference(item: RatedItem) -> bool:
    """Whether the caption is one of its own references, which flatters metrics of wording."""
    said = " ".join(item.caption.split()).lower()
    return any(" ".join(one.split()).lower() == said for one in item.references)


def _content(item: RatedItem) -> dict[str, Json]:
    """What the set's hash covers: all that the judge is shown, and the ratings."""
    pair: list[Json] = [item.pair.name, item.pair.is_better] if item.pair else []
    files: list[Json] = [Path(one).name for one in (item.image, item.video) if one is not None]
    return {
        "caption": item.caption,
        "references": list(item.references),
        "ratings": {name: list(numbers) for name, numbers in item.ratings.items()},
        "clip": item.clip,
        "files": files,
        "pair": pair,
    }
