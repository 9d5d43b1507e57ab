"""Plain data to YAML text that reads back as the same data under the rules of :mod:`yamltext`."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from distill_tests.specfile.yamltext import scalar

_BLOCK = re.compile(r"[^\s\x00-\x1f][^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]*\n")
_ODD = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TAGS: Final = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}


def dumps(document: Any) -> str:
    """The YAML text of plain data; keys must be text, numbers finite."""
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


class _Dumper(yaml.SafeDumper):
    """PyYAML's, but plain scalars are what they are when our reader meets them."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0]:
            return f"tag:yaml.org,2002:{_TAGS[type(scalar(value))]}"
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # the stubs say nothing


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if _BLOCK.fullmatch(value) and not re.search(r"[ \n]\n", value):
        style = "|"
    elif _ODD.search(value) or value == "<<":
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(value))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _float)
