"""What editors are told: the shipped schemas, with what this package's registries know written in.

``python -m distill_tests.specfile.editors`` rewrites ``schema/spec.json`` and ``schema/models.json``.
An editor cannot ask a registry, so kinds, judges, statistics, providers and their options stand in the
files too; a test fails when they differ.  Of a user's own kinds and providers an editor knows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from distill_tests.registry import Registry, judges, kinds, providers, statistics
from distill_tests.specfile.schemas import shipped

_ALONE: Mapping[str, Any] = {"not": {"required": ["baseline"]}}
"""Of a gate: without a baseline to compare with."""


def for_editors(name: str) -> dict[str, Any]:
    """The text of ``spec.json`` or ``models.json`` as it should be."""
    schema: dict[str, Any] = json.loads(json.dumps(shipped(name)))
    return _spec(schema) if name == "spec.json" else _models(schema)


def _spec(schema: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in kinds if _is_ours(kinds.get(name).kind)]
    schema["properties"]["kind"]["enum"] = names
    schema["allOf"] = [_where("kind", name, {"$ref": f"{name}.json"}) for name in names]
    defs = schema["$defs"]
    ours = [judges.get(name) for name in judges if _is_ours(judges.get(name).function)]
    defs["judge_name"]["anyOf"][0]["enum"] = [judge.name for judge in ours]
    defs["judge_options"]["properties"] = _joined(judge.options for judge in ours)
    numbers = [statistics.get(name) for name in statistics if _is_ours(statistics.get(name).function)]
    defs["gates"]["propertyNames"]["anyOf"][0]["enum"] = [statistic.name for statistic in numbers]
    defs["statistic_options"]["properties"] = _joined(statistic.options for statistic in numbers)
    gate = defs["gates"]["additionalProperties"]
    written = [one for one in gate["oneOf"] if one["required"][0].startswith("at_")]
    meant = _joined(statistic.options for statistic in numbers if statistic.threshold)
    gate["oneOf"] = [*written, *({"required": [name], **_ALONE} for name in meant)]
    return schema


def _models(schema: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in providers if _is_ours(providers.get(name).make)]
    defs = schema["$defs"]
    defs["card"]["properties"]["provider"]["anyOf"][0]["enum"] = names
    known = {"required": ["provider"], "properties": {"provider": {"enum": names}}}
    branches = [_where("provider", name, _provider(providers, name)) for name in names]
    closed = {"allOf": [{"$ref": "#/$defs/card"}, *branches], "unevaluatedProperties": False}
    schema["additionalProperties"] = {"if": known, "then": closed, "else": {"$ref": "#/$defs/card"}}
    return schema


def _provider(entries: Registry[Any], name: str) -> dict[str, Any]:
    entry = entries.get(name)
    required = {"required": list(entry.required)} if entry.required else {}
    return {"properties": dict(entry.options), **required}


def _where(key: str, value: str, then: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": {"required": [key], "properties": {key: {"const": value}}}, "then": then}


def _joined(options: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: schema for one in options for name, schema in one.items()}


def _is_ours(thing: Any) -> bool:
    module = getattr(thing, "__module__", "")
    return module == "distill_tests" or module.startswith("distill_tests.")


def main() -> None:
    """Rewrites the two files."""
    for name in ("spec.json", "models.json"):
        text = json.dumps(for_editors(name), indent=2, ensure_ascii=False) + "\n"
        with resources.as_file(resources.files("distill_tests").joinpath("schema", name)) as path:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
