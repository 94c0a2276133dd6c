"""Read the documents of a pipeline file as plain values.

A file is JSON, or a stream of YAML documents: one pipeline spec, and at most one platform spec.
JSON is tried first where the text begins with ``{``, because YAML reads some JSON differently
(``1e3`` is text there). This module does not know the fields of a spec.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.findings import Path
from argosy_schemas.message_text import quote_text, to_one_line
from argosy_schemas.reading.envelopes import Contents, EnvelopeError, open_envelope
from argosy_schemas.reading.sdk_comment import blank_out_sdk_comment
from argosy_schemas.reading.yaml_values import TOO_DEEP, Refusal, UnreadableTextError, load_yaml
from argosy_schemas.values import MAX_DEPTH, JsonValue

_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The documents of a file."""

    text: str
    pipeline: Mapping[str, JsonValue]
    pipeline_number: int
    """The number of the document in the stream, from 0."""
    pipeline_path: Path = ()
    """Where it is in that document."""
    platform: Mapping[str, JsonValue] | None = None
    platform_number: int = 0
    platform_path: Path = ()
    refused: tuple[Problem, ...] = ()
    """Duplicate keys, of which the last one counts, and values that JSON does not have."""


class _NotJsonError(Exception):
    """The text has to be read as YAML, which accepts more and has lines."""


def read_documents(data: bytes, *, file: str, max_size_bytes: int) -> Documents:
    """Return the documents in ``data``.

    Raises:
        InvalidPipelineError: It is too large, not UTF-8, neither YAML nor JSON, beyond the limits
            of nesting and aliases, or not one pipeline spec and at most one platform spec.
    """
    if len(data) > max_size_bytes:
        raise _make_error(
            file,
            f"The file has {_format_size(len(data))}, more than the {_format_size(max_size_bytes)} "
            "allowed; raise --max-size if it is a pipeline",
        )
    text = blank_out_sdk_comment(_decode(data, file))
    loaded, problems = _load(text, file)
    if loaded is None:
        raise InvalidPipelineError(*problems)
    try:
        documents = _classify(text, loaded, file)
    except InvalidPipelineError as error:
        raise InvalidPipelineError(*problems, *error.problems) from error
    return replace(documents, refused=problems)


def read_values(data: bytes, *, file: str, is_json: bool = False) -> list[JsonValue]:
    """Return the documents in ``data``, of any content.

    Args:
        data: JSON or YAML.
        file: The name of the file in messages.
        is_json: Whether it has to be JSON, whatever it begins with.

    Raises:
        InvalidPipelineError: It is not UTF-8, neither YAML nor JSON, has duplicate keys, or is
            beyond the limits of nesting and aliases.
    """
    loaded, problems = _load(_decode(data, file), file, is_json=is_json)
    if loaded is None or problems:
        raise InvalidPipelineError(*problems)
    return loaded


def read_objects(data: bytes, *, file: str) -> tuple[list[JsonValue], tuple[Problem, ...]]:
    """Return the documents of a file for ``kubectl``, and the problems that do not stop reading.

    Such a file is YAML, or several JSON objects one after another. Duplicate keys and values that
    JSON does not have are the problems that are returned.

    Raises:
        InvalidPipelineError: As for :func:`read_values`, for all other problems.
    """
    loaded, problems = _load(_decode(data, file), file, load_json=_load_row)
    if loaded is None:
        raise InvalidPipelineError(*problems)
    return loaded, problems


def _load(
    text: str,
    file: str,
    *,
    load_json: Callable[[str], list[JsonValue]] | None = None,
    is_json: bool = False,
) -> tuple[list[JsonValue] | None, tuple[Problem, ...]]:
    """Return the documents, ``None`` when they cannot be read, and their problems."""
    refusals: list[Refusal] = []
    loaded: list[JsonValue] | None = None
    try:
        if is_json or text.lstrip()[:1] == "{":
            is_json = is_json or file.endswith(".json")
            loaded = _load_json(text, refusals, load_json or _load_one, is_json)
        else:
            loaded = load_yaml(text, refusals)
    except UnreadableTextError as refused:
        refusals.append(refused.refusal)
    return loaded, tuple(
        Problem(message=to_one_line(item.message), file=file, line=item.line) for item in refusals
    )


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidPipelineError(
            Problem(
                message=f"Byte {error.start} is not UTF-8; save the file as UTF-8",
                file=file,
                line=line,
            )
        ) from error


def _load_json(
    text: str,
    refusals: list[Refusal],
    load_json: Callable[[str], list[JsonValue]],
    is_json: bool,
) -> list[JsonValue]:
    """Return the values of a JSON text; unless it must be JSON, fall back to YAML."""
    try:
        return load_json(text)
    except json.JSONDecodeError as error:
        if is_json:
            refusal = Refusal(message=f"This is not valid JSON: {error.msg}", line=error.lineno)
            raise UnreadableTextError(refusal) from error
    except _NotJsonError:
        pass
    return load_yaml(text, refusals)


def _load_one(text: str) -> list[JsonValue]:
    """Return the only value of a JSON text."""
    return _load_row(text, most=1)


def _load_row(text: str, *, most: int | None = None) -> list[JsonValue]:
    """Return the values of a text with several JSON values, one after another."""
    _check_depth(text)
    decoder = json.JSONDecoder(
        object_pairs_hook=_make_object,
        parse_constant=_refuse_constant,
        parse_float=_parse_finite,
        parse_int=_parse_integer,
    )
    values: list[JsonValue] = []
    start = _skip_blanks(text, 0)
    while start < len(text):
        if len(values) == most:
            raise json.JSONDecodeError("Extra data", text, start)
        value, end = decoder.raw_decode(text, start)
        values.append(value)
        start = _skip_blanks(text, end)
    # Only an escape can produce one: the text was UTF-8.
    if "\\ud" in text.lower() and _LONE_SURROGATE.search(json.dumps(values, ensure_ascii=False)):
        raise UnreadableTextError(
            Refusal(message="A string has half of a surrogate pair; write the character", line=None)
        )
    return values


def _skip_blanks(text: str, start: int) -> int:
    match = _BLANKS.match(text, start)
    assert match is not None
    return match.end()


def _check_depth(text: str) -> None:
    """Refuse text that ``json.loads`` would recurse into too deeply."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line = text.count("\n", 0, match.start()) + 1
                raise UnreadableTextError(Refusal(message=TOO_DEEP, line=line))
        elif token in "]}":
            depth -= 1


def _make_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotJsonError
    return members


def _refuse_constant(name: str) -> JsonValue:
    message = f"{name} is not a number in JSON; quote it or remove it"
    raise UnreadableTextError(Refusal(message=message, line=None))


def _parse_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UnreadableTextError(
            Refusal(message=f"{quote_text(text)} is too large a number", line=None)
        )
    return value


def _parse_integer(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:  # thousands of digits
        message = f"{quote_text(text)} cannot be read as a number"
        raise UnreadableTextError(Refusal(message=message, line=None)) from error


def _classify(text: str, loaded: Sequence[JsonValue], file: str) -> Documents:
    pipelines: list[tuple[int, Contents]] = []
    platforms: list[tuple[int, Contents]] = []
    for number, document in enumerate(loaded):
        if document is None:
            continue
        # Only of the first document the line is known.
        which, line = ("", 1) if number == 0 else (f"Document {number + 1}: ", None)
        if not isinstance(document, Mapping):
            message = (
                "The file holds a list or text, not a pipeline; give what the KFP SDK compiled"
            )
            raise _make_error(file, f"{which}{message}", line=line)
        try:
            contents = open_envelope(document)
        except EnvelopeError as error:
            raise _make_error(file, f"{which}{error}", line=line) from error
        if contents.pipeline is not None:
            pipelines.append((number, contents))
        if contents.platform is not None:
            platforms.append((number, contents))
    for found, what in ((pipelines, "pipelines"), (platforms, "platform specs")):
        if len(found) > 1:
            message = f"The file holds {len(found)} {what}; give each its own file"
            raise _make_error(file, message)
    if not pipelines:
        what = "only a platform spec" if platforms else "nothing but comments or blank lines"
        what = what if text.strip() else "nothing"
        raise _make_error(file, f"The file holds {what}; compile the pipeline again")
    ((number, contents),) = pipelines
    pipeline = contents.pipeline
    assert pipeline is not None
    platform_number, platform = platforms[0] if platforms else (0, Contents())
    return Documents(
        text=text,
        pipeline=pipeline,
        pipeline_number=number,
        pipeline_path=contents.pipeline_path,
        platform=platform.platform,
        platform_number=platform_number,
        platform_path=platform.platform_path,
    )


def _format_size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.0f} MB" if size_bytes >= 2**20 else f"{size_bytes} bytes"


def _make_error(file: str, message: str, *, line: int | None = None) -> InvalidPipelineError:
    return InvalidPipelineError(Problem(message=message, file=file, line=line))
