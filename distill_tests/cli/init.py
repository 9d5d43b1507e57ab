"""``distill-tests init``: a first model card, and specs that run; asks in a terminal, or takes flags."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from distill_tests import specfile
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import INTERRUPTED, OK, WRONG, say, usage_error
from distill_tests.cli.init_answers import Answers, Unusable, answered
from distill_tests.cli.init_files import Plan, planned
from distill_tests.errors import DataError, Problem
from distill_tests.registry import providers
from distill_tests.rundir import write_atomically

HELP: Final = "write a first model card and specs that run"

HINTS: Final = {
    "openai": (
        "any endpoint that speaks Chat Completions; pip install 'distill-tests[openai]'",
        "--base-url: none for api.openai.com; vLLM http://localhost:8000/v1, Ollama",
        "http://localhost:11434/v1, llama.cpp http://localhost:8080/v1, DeepSeek https://api.deepseek.com,",
        "DashScope https://dashscope.aliyuncs.com/compatible-mode/v1,",
        "Zhipu https://open.bigmodel.cn/api/paas/v4, Ark https://ark.cn-beijing.volces.com/api/v3",
        "--api-key-env: OPENAI_API_KEY where none is given, and only for api.openai.com and this machine",
    ),
    "anthropic": (
        "Anthropic's Messages API; pip install 'distill-tests[anthropic]'",
        "--api-key-env: ANTHROPIC_API_KEY where none is given",
    ),
    "local": (
        "a GGUF file in this process, without network; pip install 'distill-tests[local]'",
        "--path: the file; none for the embedded SmolLM2 with 135M parameters (about 90 MB, fetched once)",
    ),
    "recorded": (
        "transcripts instead of calls; nothing is asked",
        '--path: JSON lines with {"prompt": …, "reply": …} (.jsonl or .jsonl.gz)',
    ),
    "scripted": ("replies that stand on the card, for tests and a first look: no model, no network, no key",),
}
"""What to know about each provider before it is chosen."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.description = (
        "Write a model card into specs/models.yaml, and an identity spec with its packs beside it. In a\n"
        "terminal it asks for what no flag says; elsewhere, and with --yes, flags and defaults decide. An\n"
        "existing models.yaml keeps its text and gets the card appended; other existing files are kept. A\n"
        "key is never written, only the name of its variable.\n\nproviders:\n"
    ) + "\n".join(_hint_lines(sorted(HINTS)))
    add = command.add_argument
    add("alias", nargs="?", metavar="ALIAS", help="what the model is called here; part of test ids")
    add("--provider", metavar="NAME", help=f"{', '.join(sorted(HINTS))}, or one of your conftest.py")
    add("--model", metavar="ID", help="what the endpoint calls it; default: the alias")
    add("--base-url", metavar="URL", help="the endpoint")
    add("--api-key-env", metavar="NAME", help="the environment variable that holds the key")
    add("--path", metavar="FILE", help="local: the .gguf; recorded: the transcripts")
    add("--name", metavar="NAME", help="who the model really is: its name")
    add("--maker", metavar="NAME", help="who made it")
    add("--alias", dest="aliases", action="append", metavar="NAME", help="another name of it (repeatable)")
    add("--country", dest="countries", action="append", metavar="NAME", help="its maker's (repeatable)")
    add("--directory", type=Path, default=Path("specs"), metavar="FOLDER", help="default: %(default)s")
    add("--yes", action="store_true", help="ask nothing")
    add("--force", action="store_true", help="write over existing specs, packs and schemas")


def main(parsed: argparse.Namespace) -> int:
    load_conftests([])
    asking = not parsed.yes and sys.stdin.isatty()
    try:
        answers = answered(parsed, ask=_ask if asking else None, hint=_hint)
        plan = planned(answers, parsed.directory, force=parsed.force)
        if asking and not _confirmed(plan):
            say("nothing is written")
            return INTERRUPTED
    except Unusable as reason:
        return usage_error(str(reason))
    except EOFError:
        say("\nnothing is written")
        return INTERRUPTED
    problems = _write(plan)
    if problems:
        say("\n".join(["nothing is written, this would not be valid:", *map(str, problems)]))
        return WRONG
    print("\n".join([*plan.lines(), "", *_next_steps(answers, parsed.directory)]))
    return OK


# --- asking -------------------------------------------------------------------------------------


def _ask(question: str, default: str) -> str:
    return input(f"{question} [{default}]: " if default else f"{question}: ").strip() or default


def _hint(provider: str | None) -> None:
    """Say what is known about one provider, or name all of them."""
    print("\n".join(_hint_lines(providers if provider is None else [provider])))


def _hint_lines(names: Iterable[str]) -> list[str]:
    lines = []
    for name in names:
        first, *more = HINTS.get(name, ("a provider of your own",))
        lines += [f"  {name:10} {first}", *(f"  {'':10} {line}" for line in more)]
    return lines


def _confirmed(plan: Plan) -> bool:
    print("\n".join(["", *plan.lines(done=False)]))
    return _ask("Write this?", "yes").lower() in {"y", "yes"}


# --- writing ------------------------------------------------------------------------------------


def _write(plan: Plan) -> Sequence[Problem]:
    """Writes all files or, where one of them would have problems, none; returns the problems."""
    before = {path: path.read_bytes() if path.is_file() else None for path in plan.files}
    try:
        for path, text in plan.files.items():
            write_atomically(path, text)
    except OSError as error:
        _restore(before)
        raise DataError(f"{error.filename}: cannot be written: {error.strerror}") from error
    cards, *others = plan.checked
    problems = specfile.check([cards], environ=os.environ) or specfile.check(others, environ=os.environ)
    if problems:
        _restore(before)
    return problems


def _restore(before: Mapping[Path, bytes | None]) -> None:
    for path, content in before.items():
        if content is not None:
            path.write_bytes(content)
        elif path.exists():
            path.unlink()


def _next_steps(answers: Answers, directory: Path) -> list[str]:
    run = f"distill-tests run {directory}/ --target {answers.alias}"
    key = answers.api_key_env
    steps = [f"  export {key}=…"] if key and not os.environ.get(key) else []
    return [
        "Next:",
        *steps,
        f"  {run} --plan      what it would take; no call is made",
        f"  {run}",
        "Audit models that you may audit: an endpoint's terms of use apply.",
        "Completion in an editor: distill-tests schema",
    ]
