"""YAML to :class:`~distill_tests.types.Spec` and :class:`~distill_tests.types.Model`.

The only package that knows YAML and JSON Schema, and the owner of ``path:line:column``.

    files, yamltext, syntax      text to plain data with places; what is no YAML, in words
    schemas, validate            data against the shipped JSON Schemas, by jsonschema
    breach, explain, wording     what it found, in words
    cards                        models.yaml
    specs                        a spec, with its judging, gates and packs
    faults                       from what is wrong to problems with places
    checking, cases              all files at once
    dumping, editors             back to YAML; what editors are told
"""

from __future__ import annotations

from distill_tests.roots import find_root
from distill_tests.specfile.cards import load_models
from distill_tests.specfile.cases import case_problems
from distill_tests.specfile.checking import check
from distill_tests.specfile.dumping import dumps
from distill_tests.specfile.specs import load

__all__ = ["case_problems", "check", "dumps", "find_root", "load", "load_models"]
