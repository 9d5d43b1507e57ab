"""A user's own judges, kinds and providers: ``conftest.py``, loaded as pytest would."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from distill_tests.errors import DataError


def load_conftests(paths: Sequence[Path]) -> None:
    """Run ``conftest.py`` of the current folder and of ``paths``, for the names it registers.

    Raises DataError, naming the file, where one cannot be run.
    """
    folders = [Path.cwd(), *(path if path.is_dir() else path.parent for path in paths)]
    for number, folder in enumerate(dict.fromkeys(folder.resolve() for folder in folders)):
        path = folder / "conftest.py"
        if path.is_file():
            _load(path, f"conftest_{number}")


def _load(path: Path, name: str) -> None:
    located = importlib.util.spec_from_file_location(name, path)
    if located is None or located.loader is None:
        raise DataError(f"{path}: cannot be loaded as a Python module")
    module = importlib.util.module_from_spec(located)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))  # as pytest does: a conftest imports what lies beside it
    try:
        located.loader.exec_module(module)
    except Exception as error:  # a user's module: whatever it raises is told in words
        raise DataError(f"{path}: {type(error).__name__}: {error}") from error
