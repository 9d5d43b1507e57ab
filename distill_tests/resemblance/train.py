"""Train the judge ``resemblance`` again: one command, the same file byte for byte from the same data.

    python -m distill_tests.resemblance.train PAIRS.jsonl [--responses DIR] [--output FILE]

``PAIRS.jsonl``: pairs with ratings (``rse/rated_pairs.jsonl``).  ``--responses``: responses of many models
to many prompts (``lineage/responses``; found beside the pairs): how rare words are is counted there, and
the pairs of ``data/resemblance_ratings.jsonl``, rated by an LLM annotator of ours, take their texts from
there.  Without it the pairs alone are used, and the result is a weaker model.  Takes scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from distill_tests.errors import DistillError
from distill_tests.resemblance.fitting import fitted
from distill_tests.resemblance.rated import rated_pairs, responses_of


def main(arguments: list[str] | None = None) -> int:
    command = argparse.ArgumentParser(prog="python -m distill_tests.resemblance.train")
    command.add_argument("pairs", type=Path, metavar="PAIRS.jsonl")
    command.add_argument(
        "--responses", type=Path, metavar="DIR", help="default: ../lineage/responses of the pairs"
    )
    command.add_argument(
        "--output", type=Path, default=Path(__file__).parents[1] / "data" / "resemblance.json", metavar="FILE"
    )
    parsed = command.parse_args(arguments)
    beside = parsed.pairs.absolute().parents[1] / "lineage" / "responses"
    folder = parsed.responses or (beside if beside.is_dir() else None)
    try:
        told = fitted(rated_pairs(parsed.pairs), responses_of(folder) if folder else None)
    except DistillError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    parsed.output.write_text(written(told), encoding="utf-8")
    sys.stdout.write(json.dumps(told["about"], indent=1, ensure_ascii=False) + "\n")
    return 0


def written(told: dict[str, object]) -> str:
    """The weights as text, one entry a line, so that a change can be read."""
    lines = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in told.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
