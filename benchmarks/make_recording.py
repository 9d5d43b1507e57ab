"""A recording (JSONL) of a run's identity cases, for a card with ``provider: recorded``.

    python benchmarks/make_recording.py reports/RUN specs/identity/core.yaml smollm2-135m OUT.jsonl

Single-turn cases only: a recording is looked up by the text that was sent.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from distill_tests import specfile
from distill_tests.registry import kinds
from distill_tests.rundir import read_run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("spec", type=Path)
    parser.add_argument("alias")
    parser.add_argument("output", type=Path)
    parser.add_argument("--first", type=int, default=None, help="only so many rows")
    given = parser.parse_args()
    root = specfile.find_root(given.spec)
    assert root is not None, f"{given.spec}: no models.yaml above it"
    models = specfile.load_models(root / "models.yaml", environ=os.environ)
    spec = specfile.load(given.spec, models, environ=os.environ)
    cases = {case.id: case for case in kinds.get(spec.kind).kind.cases(spec, models[given.alias])}
    records = [
        record
        for record in read_run(given.run).records
        if record["type"] == "case" and record["target"] == given.alias and record["id"] in cases
    ]
    rows = [_row(record, cases[record["id"]]) for record in records if _single_turn(record)]
    given.output.parent.mkdir(parents=True, exist_ok=True)
    with given.output.open("w", encoding="utf-8") as file:
        for row in rows[: given.first]:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{given.output}: {len(rows[: given.first])} rows of {len(records)} cases")


def _single_turn(record: Any) -> bool:
    trials = record["trials"]
    return bool(trials) and len(trials[0]["exchanges"]) == 1


def _row(record: Any, case: Any) -> dict[str, Any]:
    trial = record["trials"][0]
    exchange = trial["exchanges"][0]
    (asked,) = [message["text"] for message in exchange["messages"] if message["role"] == "user"]
    reply = exchange["reply"]
    return {
        "id": record["id"],
        "prompt": asked,
        "question": case.data.question,
        "framing": case.data.framing,
        "question_id": case.clusters["question"],
        "framing_id": case.clusters["framing"],
        "language": case.data.language,
        "reply": trial["answer"],
        "finish": reply["finish"],
        "served_model": reply["served_model"],
    }


if __name__ == "__main__":
    main()
