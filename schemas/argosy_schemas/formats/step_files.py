"""Write and read a step as files on the volumes of its pod.

``exec`` is a C program without a JSON parser, in a container that only reads these files, on the
published volume. Each entry of them ends with a NUL byte.

* ``argv``: the arguments of the process; absent: there is nothing to run
* ``env``: ``NAME=VALUE``, added to the environment
* ``open``: the paths that ``exec`` makes readable for all when the command has
  ended, so that a launcher under another UID can read them

``step.json`` is the whole :class:`argosy_schemas.formats.step.Step`, for the launcher. It says what
the launcher writes where, so it is on the private volume, which the user's code cannot see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.dataclass_json import FormatError
from argosy_schemas.formats.records import Reason
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_json import step_from_json, step_to_json
from argosy_schemas.message_text import quote_text
from argosy_schemas.sdk_paths import find_sdk_path

_STEP = "step.json"


def write_step(step: Step, *, private: Path, published: Path) -> None:
    """Write ``step`` for the launcher and for ``exec``, replacing an earlier one.

    Raises:
        FinalTaskError: An argument or variable has a character that no process can receive.
    """
    files = {name: published / name for name in ("argv", "env", "open")}
    for directory in (private, published):
        directory.mkdir(parents=True, exist_ok=True)
    for path in (private / _STEP, *files.values()):
        path.unlink(missing_ok=True)
    if step.decision is Decision.RUN:
        pairs = (f"{name}={value}" for name, value in step.env)
        contents = {
            "argv": _encode_entries(step.argv, "argument"),
            "env": _encode_entries(pairs, "variable"),
            "open": _encode_entries(dict.fromkeys(_list_output_paths(step)), "path"),
        }
        for name, data in contents.items():
            # The command's user is not the driver's.
            write_atomically(files[name], data, mode=0o644)
    write_atomically(private / _STEP, step_to_json(step).encode(), mode=0o644)


def read_step(private: Path) -> Step:
    """Return the step that the driver wrote.

    Raises:
        FinalTaskError: The directory has no step, or one of a newer major version.
    """
    path = private / _STEP
    try:
        return step_from_json(path.read_bytes())
    except FileNotFoundError as error:
        raise FinalTaskError(
            f"'{path}' is missing; see the log of container 'driver' of this pod",
            reason=Reason.INTERNAL,
        ) from error
    except FormatError as error:
        raise FinalTaskError(f"'{path}': {error}", reason=Reason.INTERNAL) from error


def _list_output_paths(step: Step) -> Iterator[str]:
    """Yield the paths of outputs, which the command may have written."""
    if step.executor_output_path:
        yield step.executor_output_path
    for parameter in step.output_parameters:
        yield parameter.path
    for artifact in step.output_artifacts:
        yield artifact.path
    for mapping in step.uri_mappings:
        path = find_sdk_path(mapping.seen)
        if path is not None:
            yield path


def _encode_entries(texts: Iterable[str], what: str) -> bytes:
    entries: list[bytes] = []
    for text in texts:
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise _make_input_error(what, "half of a surrogate pair", text) from error
        if b"\0" in data:
            raise _make_input_error(what, "a NUL character", text)
        entries.append(data + b"\0")
    return b"".join(entries)


def _make_input_error(what: str, found: str, text: str) -> FinalTaskError:
    return FinalTaskError(
        f"{what} {quote_text(text)} of the command holds {found}, which no process can receive; "
        "encode it",
        reason=Reason.INVALID_INPUT,
    )
