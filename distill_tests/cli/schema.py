"""``distill-tests schema``: the JSON Schemas that editors use: where they lie, their text, a copy of them."""

from __future__ import annotations

import argparse
import shutil
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Final

from distill_tests.cli.exits import OK
from distill_tests.errors import DataError, UnknownName

HELP: Final = "where the JSON Schemas for editors lie"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Print the folder of the shipped JSON Schemas, or one of them (spec, models, questions, framings …). "
        "docs/editors.md says how an editor uses them."
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="print this schema instead of the folder")
    command.add_argument(
        "--copy",
        type=Path,
        metavar="FOLDER",
        help="copy all of them, as `init` does into specs/.schema; run again after an upgrade",
    )


def main(parsed: argparse.Namespace) -> int:
    if parsed.copy is not None:
        copy_schemas(parsed.copy)
    print(parsed.copy or folder() if parsed.name is None else text(parsed.name).rstrip("\n"))
    return OK


def folder() -> Path:
    """Where the shipped schemas lie."""
    return Path(str(resources.files("distill_tests").joinpath("schema")))


def text(name: str) -> str:
    """The schema called ``name``, with or without ``.json``; raises UnknownName."""
    known = {path.stem: path for path in folder().glob("*.json")}
    wanted = name.removesuffix(".json")
    if wanted not in known:
        raise UnknownName("schema", name, get_close_matches(wanted, known), sorted(known))
    return known[wanted].read_text(encoding="utf-8")


def copy_schemas(target: Path) -> None:
    """All schemas into the folder ``target``, over older ones; raises DataError."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder().glob("*.json")):
            shutil.copyfile(path, target / path.name)
    except OSError as error:
        raise DataError(f"{error.filename or target}: cannot be written: {error.strerror}") from error
