"""``provider: recorded``: transcripts as a model.  Nothing is asked; what was said is looked up."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.errors import DataError, EmptyReply, ProviderError
from distill_tests.providers._thinking import split_thinking
from distill_tests.providers._transcripts import Contents, Format, Row, join_turns, read
from distill_tests.registry import CardProblem, Recorded, provider
from distill_tests.specfile import files
from distill_tests.specfile.files import shown_path
from distill_tests.types import Json, Model, Reply, Request

OPTIONS: Mapping[str, Any] = {
    "transcripts": {
        "type": "object",
        "description": "The file of what the model was asked and said.",
        "properties": {
            "format": {
                "enum": ["jsonl", "responses", "easyjailbreak"],
                "description": "jsonl: rows {prompt | messages, reply, …}; responses: rows {id, prompt, "
                "response}; easyjailbreak: its result files",
            },
            "path": {"type": "string", "description": "a .jsonl or .jsonl.gz, relative to this file"},
            "strict": {
                "type": "string",
                "description": "easyjailbreak: CSV of the rows judged strict",
                "x-path": True,
            },
            "max_bad_rows": {
                "type": "integer",
                "minimum": 0,
                "default": 0,
                "description": "So many rows may be unusable (no reply, no text, written twice, not UTF-8); "
                "they are left out, counted and named in the reports",
            },
        },
        "required": ["format", "path"],
        "additionalProperties": False,
    },
}


class _Transcript(NamedTuple):
    contents: Contents
    by_prompt: Mapping[str, tuple[Row, ...]]
    sha256: str


@provider("recorded", options=OPTIONS, required=("transcripts",))
class RecordedModel:
    """Looks a request up by the exact text of its user turns; the system message is not compared."""

    stores = False
    embedded = True

    def __init__(self, model: Model) -> None:
        self._model = model
        given = model.options.get("transcripts")
        if not isinstance(given, Mapping) or not {"format", "path"} <= set(given):
            raise DataError(f"{model.alias}: the card names no transcripts: {{format, path}}")
        folder = Path(model.directory)
        self._form: Format = given["format"]
        self._path = folder / Path(str(given["path"])).expanduser()
        strict = given.get("strict")
        self._strict = None if strict is None else folder / Path(str(strict)).expanduser()
        self._max_bad_rows = int(given.get("max_bad_rows", 0))

    @staticmethod
    def absent(model: Model) -> Iterable[CardProblem]:
        """Files of the transcripts that are not there."""
        try:
            recording = RecordedModel(model)
        except DataError:
            return  # a card made by hand, without transcripts: whoever asks it is told
        for path in (recording._path, recording._strict):
            if path is not None and not path.is_file():
                what, allowed = files.absent(path)
                yield CardProblem(what=f"{model.alias}: {what}", allowed=allowed)

    def identifies(self) -> Mapping[str, Json]:
        return {"transcript": self._transcript().sha256, "format": self._form}

    def revision(self) -> str | None:
        return f"transcript:{self._transcript().sha256}"

    def rows(self) -> Sequence[Recorded]:
        """Every row, in file order; raises DataError."""
        return tuple(row.recorded for row in self._transcript().contents.rows)

    def left_out(self) -> tuple[str, ...]:
        """What is wrong with the rows that the card allows to be left out, their count first."""
        rows, bad, wrong = self._transcript().contents
        if not wrong:
            return ()
        of_all = f"{wrong} of {len(rows) + wrong} rows of {shown_path(self._path)}"
        return (f"{of_all} cannot be used and were left out", *(str(problem) for problem in bad))

    def holds(self, request: Request) -> bool:
        """Whether there is a reply to this prompt, and one for this sample of it."""
        return request.sample < len(self._found(request))

    async def send(self, request: Request) -> Reply:
        await asyncio.to_thread(self._transcript)  # the first time it reads the file
        found = self._found(request)
        where = f"{self._model.alias}: {self._path.name}"
        if not found:
            raise ProviderError(f"{where} has no reply to {_excerpt(request)}")
        if request.sample >= len(found):
            counted = "1 reply" if len(found) == 1 else f"{len(found)} replies"
            raise ProviderError(
                f"{where} has {counted} to {_excerpt(request)}, sample {request.sample + 1} was asked for; "
                f"set repeats: {len(found)}"
            )
        return self._reply(found[request.sample])

    async def aclose(self) -> None:
        """Nothing is open."""

    def _reply(self, row: Row) -> Reply:
        place = f"{self._path.name}:{row.recorded.line}"
        parts = split_thinking(row.recorded.reply)
        if not parts.answer.strip():
            what = "holds a thinking part only" if parts.thinking else "is empty"
            raise EmptyReply(f"{self._model.alias}: the recorded reply {what}", receipt=place)
        return Reply(
            text=parts.answer,
            thinking=parts.thinking if row.thinking is None else row.thinking,
            finish=row.finish,
            usage=row.usage,
            served_model=row.served_model,
            response_id=place,
            body_sha256=hashlib.sha256(row.recorded.reply.encode()).hexdigest(),
        )

    def _found(self, request: Request) -> tuple[Row, ...]:
        return self._transcript().by_prompt.get(_prompt(request), ())

    def _transcript(self) -> _Transcript:
        try:
            stamps = tuple(_stamp(path) for path in (self._path, self._strict) if path is not None)
        except OSError as error:
            raise DataError(
                f"{shown_path(Path(error.filename))}: cannot be read: {error.strerror}"
            ) from error
        return _read(self._path, self._form, self._strict, self._max_bad_rows, stamps)


def _prompt(request: Request) -> str:
    return join_turns([message.text for message in request.messages if message.role == "user"])


def _excerpt(request: Request) -> str:
    text = _prompt(request)
    return repr(text if len(text) <= 80 else f"{text[:60]}…{text[-19:]}")


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


@functools.lru_cache(maxsize=128)  # a lineage panel is 20 recordings and more, asked in turn
def _read(
    path: Path,
    form: Format,
    strict: Path | None,
    max_bad_rows: int,
    stamps: object,  # noqa: ARG001 - part of the key
) -> _Transcript:
    """The transcript; every spec and the engine make their own provider, the file is read once."""
    contents = read(path, form=form, strict=strict, max_bad_rows=max_bad_rows)
    by_prompt: dict[str, list[Row]] = {}
    for row in contents.rows:
        by_prompt.setdefault(row.recorded.prompt, []).append(row)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _Transcript(contents, {prompt: tuple(found) for prompt, found in by_prompt.items()}, sha256)
