"""Who may import whom, read off the code with ``ast``: the table in docs/architecture.md, enforced."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "distill_tests"

LAYERS: Mapping[str, int] = {
    name: layer
    for layer, names in enumerate(
        (
            "types errors roots",
            "registry",
            "specfile gates inference controls plan lexicon record labelling redact display "
            "summary progress fingerprint rows rundir terminal properties transcript adhoc "
            "sharing subjects gold laws calibrations repeating search splits claimmatrix exams "
            "scoretext estimatetext tables combined prompts ratings mediatypes",
            "kinds providers judges stats reporters weights judging gathered resemblance lineage "
            "captions media",
            "store throttle engine conduct audit forecast ledger asked_rows api __init__",
            "nodes across_nodes collecting xdist session dressing prefetch",
            "plugin cli",
        )
    )
    for name in names.split()
}
"""The first part of a module's name below ``distill_tests`` and its layer."""

FOLDERS = frozenset({"kinds", "providers", "judges", "stats", "reporters"})
"""Packages whose modules are found by name in a registry and never import each other."""

LOCAL_IMPORTS_ALLOWED = frozenset(
    {"providers", "reporters", "weights", "laws", "resemblance", "lineage", "captions", "media"}
)

LOWEST_LAYER: Mapping[str, int] = {
    "asyncio": 3,
    "concurrent": 3,
    "threading": 3,
    "multiprocessing": 3,
    "sqlite3": 4,
    "pytest": 5,
    "_pytest": 5,
    "pluggy": 5,
}
"""Libraries that carry effects or a framework, and the lowest layer that may know them."""

ONLY_IN: Mapping[str, str] = {
    "yaml": "specfile",
    "jsonschema": "specfile",
    "referencing": "specfile",
    "xdist": "xdist",
}

CORE = frozenset({"pytest", "_pytest", "pluggy", "yaml", "jsonschema", "referencing", "xdist"})
"""What a plain installation has; anything else is an extra and is imported where it is used."""


class Import(NamedTuple):
    module: str
    line: int
    local: bool
    for_types_only: bool


def imports_of(source: str) -> Iterator[Import]:
    """Every import of a module's source: at its top level, in functions, and under TYPE_CHECKING."""
    yield from _imports(ast.parse(source), local=False, for_types_only=False)


def _imports(node: ast.AST, *, local: bool, for_types_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, local, for_types_only)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        for alias in node.names:
            module = f"{base}.{alias.name}" if base.startswith("distill_tests") else base
            yield Import(module, node.lineno, local, for_types_only)
    else:
        local = local or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types_only = for_types_only or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, local=local, for_types_only=for_types_only)


def violations(module: str, source: str) -> list[str]:
    """What is wrong with the imports of ``module`` (``judges.claims``), as sentences with lines."""
    return [
        f"{module}:{found.line}: {wrong}"
        for found in imports_of(source)
        for wrong in (_own(module, found) if _is_own(found) else _foreign(module, found))
    ]


def _is_own(found: Import) -> bool:
    return found.module.startswith((".", "distill_tests"))


def _own(module: str, found: Import) -> Iterator[str]:
    here, part = _top(module), module.split(".")
    if found.module.startswith("."):
        yield f"relative import {found.module}; write distill_tests.…"
        return
    target = found.module.removeprefix("distill_tests").removeprefix(".").split(".")
    there = target[0] if target[0] in LAYERS else "__init__"
    if there == "__init__":
        return
    if LAYERS[there] > LAYERS[here]:
        yield f"layer {LAYERS[here]} imports {there} of layer {LAYERS[there]}"
    if there in FOLDERS and here in FOLDERS and not _own_private_part(part, target):
        yield f"{module} imports {'.'.join(target)}; a thing of {there}/ is found by name in the registry"
    if there in FOLDERS and LAYERS[here] > LAYERS[there]:
        yield f"imports {'.'.join(target)}; a thing of {there}/ is found by name in the registry"
    if found.local and here not in LOCAL_IMPORTS_ALLOWED:
        yield f"function-local import of {found.module}"


def _own_private_part(part: list[str], target: list[str]) -> bool:
    """``judges/claims.py`` may be split: ``judges/_voices.py`` or the package ``judges/claims/``."""
    same_folder = part[0] == target[0] and len(part) > 1 and len(target) > 1
    return same_folder and (target[1].startswith("_") or target[1] == part[1])


def _foreign(module: str, found: Import) -> Iterator[str]:
    here, library = _top(module), found.module.split(".")[0]
    standard = library in sys.stdlib_module_names
    if not standard and LAYERS[here] == 0:
        yield f"layer 0 imports {library}; the standard library only"
    if LAYERS[here] < LOWEST_LAYER.get(library, 0):
        yield f"imports {library}, which starts at layer {LOWEST_LAYER[library]}"
    if ONLY_IN.get(library, here) != here:
        yield f"imports {library}; only {ONLY_IN[library]} knows it"
    if not standard and library not in CORE and not found.local and not found.for_types_only:
        yield f"imports {library} at module level; it comes with an extra"
    if found.local and here not in LOCAL_IMPORTS_ALLOWED:
        yield f"function-local import of {library}"


def _top(module: str) -> str:
    return module.split(".")[0]


def modules() -> dict[str, str]:
    """The package's modules by dotted name below ``distill_tests``, with their source."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def test_every_module_has_a_layer() -> None:
    assert sorted({_top(name) for name in modules()} - set(LAYERS)) == []


def test_no_module_imports_what_its_layer_may_not_know() -> None:
    known = {name: source for name, source in modules().items() if _top(name) in LAYERS}
    assert [wrong for name, source in known.items() for wrong in violations(name, source)] == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    assert circle(_graph()) == []


def _graph() -> dict[str, set[str]]:
    sources = modules()
    return {
        name: {
            _known_module(found.module.removeprefix("distill_tests."), sources)
            for found in imports_of(source)
            if _is_own(found) and not found.for_types_only
        }
        - {name, ""}
        for name, source in sources.items()
    }


def _known_module(dotted: str, known: Mapping[str, str]) -> str:
    """The module that ``from distill_tests.a.b import c`` loads: a.b.c, a.b or a."""
    while dotted and dotted not in known:
        dotted = dotted.rpartition(".")[0]
    return dotted


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """What is left after taking modules without imports away for ever: circles, and what leads to them."""
    rest = {name: set(targets) for name, targets in graph.items()}
    while leaves := [name for name, targets in rest.items() if not targets & rest.keys()]:
        for name in leaves:
            del rest[name]
    return sorted(rest)


# --- the checker itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("types", "import yaml", "layer 0 imports yaml"),
        ("types", "from distill_tests.registry import judges", "layer 0 imports registry of layer 1"),
        ("gates", "from distill_tests.engine import Engine", "layer 2 imports engine of layer 4"),
        ("gates", "from distill_tests import engine", "layer 2 imports engine of layer 4"),
        ("gates", "import distill_tests.engine", "layer 2 imports engine of layer 4"),
        ("gates", "from .engine import Engine", "relative import"),
        ("gates", "from . import engine", "relative import"),
        ("gates", "import yaml", "only specfile knows it"),
        ("kinds.exam", "import jsonschema.validators", "only specfile knows it"),
        ("judges.letter", "import pytest", "starts at layer 5"),
        ("engine", "from _pytest.nodes import Item", "starts at layer 5"),
        ("gates", "import asyncio", "starts at layer 3"),
        ("judges.letter", "import sqlite3", "starts at layer 4"),
        ("kinds.identity", "from distill_tests.judges.claims import claims", "found by name in the registry"),
        ("judges.cascade", "from distill_tests.judges.claims import claims", "found by name in the registry"),
        ("judges.cascade", "from distill_tests.judges import claims", "found by name in the registry"),
        ("engine", "from distill_tests.providers.local import Local", "found by name in the registry"),
        ("providers.local", "import xllamacpp", "at module level; it comes with an extra"),
        ("judges.resemblance", "import sklearn.svm", "at module level; it comes with an extra"),
        ("providers.openai", "try:\n    import openai\nexcept ImportError: ...", "at module level"),
        ("cli", "def f():\n    import json", "function-local import of json"),
        (
            "cli",
            "class A:\n    async def f(self):\n        from distill_tests import gates",
            "function-local",
        ),
    ],
)
def test_the_checker_catches(module: str, source: str, expected: str) -> None:
    assert expected in "\n".join(violations(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "gates",
            "import math\nfrom distill_tests.types import Gate\nfrom distill_tests.inference import ppi",
        ),
        ("specfile.yamltext", "import yaml\nfrom distill_tests.specfile.models import cards"),
        (
            "judges.claims",
            "from distill_tests.judges._voices import voices\nfrom distill_tests import lexicon",
        ),
        ("judges.claims.rules", "from distill_tests.judges.claims.grammar import clauses"),
        ("providers.local", "async def send():\n    import xllamacpp"),
        ("providers.local", "from distill_tests.providers import _llama"),
        ("providers.local", "import asyncio\nfrom distill_tests.weights import fetched"),
        (
            "reporters.allure",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import allure_commons",
        ),
        ("xdist", "import xdist.scheduler"),
        ("plugin", "import pytest\nfrom distill_tests import __version__"),
    ],
)
def test_the_checker_lets_pass(module: str, source: str) -> None:
    assert violations(module, source) == []


def test_the_checker_finds_a_circle() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b"}, "b": set()}) == []


def test_the_table_in_the_architecture_document_is_this_one() -> None:
    document = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| ([a-z_, ]+) \|", document, re.MULTILINE)
    shown = {name: int(layer) for layer, names in rows for name in names.split(", ")}
    assert shown == {name: layer for name, layer in LAYERS.items() if name != "__init__"}
