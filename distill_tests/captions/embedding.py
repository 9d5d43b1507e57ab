"""Sentence embeddings, where a model for them is at hand: an ONNX file and its tokenizer, read from disk.

Optional: ``blend`` does without.  Needs onnxruntime, tokenizers and numpy; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from distill_tests.captions.words import compared
from distill_tests.errors import DataError, DistillError

BATCH: Final = 64
MOST_TOKENS: Final = 256


def nearest_references(
    captions: Sequence[str], references: Sequence[Sequence[str]], model: Path, tokenizer: Path
) -> list[float]:
    """Of each caption, the cosine with its nearest reference, -1 to 1; an item without references raises."""
    if not all(references):
        raise DataError("an item has no reference")
    texts = sorted({compared(text) for group in (captions, *references) for text in group})
    vectors = dict(zip(texts, embedded(texts, model, tokenizer), strict=True))
    return [
        max(float(vectors[compared(caption)] @ vectors[compared(one)]) for one in group)
        for caption, group in zip(captions, references, strict=True)
    ]


def embedded(texts: Sequence[str], model: Path, tokenizer: Path) -> Any:
    """One unit vector a text, the mean over its tokens (the first 256): a numpy array."""
    numpy, onnxruntime, tokenizers = (_library(name) for name in ("numpy", "onnxruntime", "tokenizers"))
    for path in (model, tokenizer):
        if not path.is_file():
            raise DataError(f"{path}: no such file")
    cutter = tokenizers.Tokenizer.from_file(str(tokenizer))
    cutter.no_padding()
    cutter.enable_truncation(MOST_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options)
    found = []
    for start in range(0, len(texts), BATCH):
        cut = [one.ids for one in cutter.encode_batch(list(texts[start : start + BATCH]))]
        longest = max(len(ids) for ids in cut)
        ids = numpy.array([one + [0] * (longest - len(one)) for one in cut], dtype=numpy.int64)
        mask = (numpy.arange(longest) < numpy.array([[len(one)] for one in cut])).astype(numpy.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        hidden = session.run(None, feed)[0]
        mean = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        found.append(mean / numpy.linalg.norm(mean, axis=1, keepdims=True))
    return numpy.concatenate(found)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DistillError(
            f"sentence embeddings need {name}; install it with: pip install onnxruntime tokenizers numpy"
        ) from error
