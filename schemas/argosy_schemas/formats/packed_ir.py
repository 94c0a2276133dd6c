"""The IR on its way to the drivers: one JSON document, compressed with gzip.

The members of the document, described by ``json/packed_ir.schema.json``:

* ``format`` and ``version`` say what it is, and which releases read it
* ``pipelineSpec``: the canonical pipeline spec, with the components that its root reaches
* ``platformSpec``: the canonical platform spec, where the pipeline has one
* ``control``: DAG component to task key to the control entries of that task, each a pair
  ``[output, form]``
* ``known``: where the results of tasks without a pod are; a driver that does not know this member
  would take their outputs for missing, so the major version is 2 where it is present

A workflow carries the bytes as base64, so ``base64 -d | gunzip | jq .`` shows what a driver reads.
A driver reads the whole document, which takes 8 ms for the largest real pipeline, 413 KB of JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from argosy_schemas.errors import ArgosyError, InvalidPipelineError, Problem
from argosy_schemas.ir.from_json import pipeline_from_json
from argosy_schemas.ir.known import NOTHING_KNOWN, KnownResults, RecordReference
from argosy_schemas.ir.model import ControlEntry, ControlForm, Pipeline
from argosy_schemas.values import to_json

FORMAT: Final = "argosy-ir"
VERSION: Final = "2.0"
"""The newest version that is read, and that is written where results are known."""
VERSION_WITHOUT_RESULTS: Final = "1.0"
MAX_JSON_BYTES: Final = 64 * 2**20
"""The most that a packed IR may inflate to, so that no bytes can fill the memory of a driver."""
REFERENCE_PREFIX: Final = "ref:"
"""The prefix of a reference: the SHA-256 of an IR in the store follows, instead of its base64."""

_GZIP_HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
"""Deflate, no file name, no time, best compression, unknown system: what ``zlib`` itself writes
here differs by operating system."""
_GZIP_WINDOW: Final = 31
"""For ``zlib``: a header and a checksum of gzip around the data."""

Json = Mapping[str, Any]


class PackedIrError(ArgosyError):
    """The bytes are not a packed IR, or one of a newer version."""


def pack(pipeline: Pipeline) -> bytes:
    """Return the IR of a pipeline that was read, with its control entries.

    Equal pipelines give equal bytes with the same zlib; other builds of zlib may compress
    otherwise, so compare packed IRs by what they inflate to.

    Args:
        pipeline: With its ``document``.

    Raises:
        InvalidPipelineError: The JSON is larger than ``MAX_JSON_BYTES``.
    """
    data = to_json(_make_document(pipeline)).encode()
    if len(data) > MAX_JSON_BYTES:
        problem = f"has {len(data):,} bytes as JSON and a driver reads up to {MAX_JSON_BYTES:,}"
        raise InvalidPipelineError(Problem(message=f"{problem}; split the pipeline"))
    compressor = zlib.compressobj(level=9, wbits=-15)
    deflated = compressor.compress(data) + compressor.flush()
    checks = (zlib.crc32(data), len(data))
    return _GZIP_HEADER + deflated + b"".join(check.to_bytes(4, "little") for check in checks)


def unpack(data: bytes) -> Pipeline:
    """Return the pipeline that was packed.

    Raises:
        PackedIrError: ``data`` is not a packed IR, or one of a newer major version.
    """
    try:
        document = json.loads(inflate(data))
        if document["format"] != FORMAT:
            raise _make_damage_error(f"its format is '{document['format']}', not '{FORMAT}'")
        version: str = document["version"]
        if int(version.partition(".")[0]) > int(VERSION.partition(".")[0]):
            raise PackedIrError(
                f"the IR has format version {version}, this release reads up to {VERSION}; "
                "use the release that compiled it"
            )
        pipeline = pipeline_from_json(
            document["pipelineSpec"],
            document["pipelineSpec"]["components"],
            control=_control_from_json(document.get("control", {})),
        )
        if "known" in document:
            pipeline = replace(pipeline, known=_known_from_json(document["known"]))
        if "platformSpec" not in document:
            return pipeline
        # Most pipelines have none, and their drivers start 10 ms sooner without this.
        from argosy_schemas.ir.platform import add_platform

        return add_platform(pipeline, document["platformSpec"]["platforms"]["kubernetes"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _make_damage_error(f"its JSON is not that of an IR ({error!r})") from error


def inflate(data: bytes) -> bytes:
    """Return the JSON of a packed IR.

    Raises:
        PackedIrError: ``data`` is not gzip, is cut off, has trailing bytes, or inflates beyond
            ``MAX_JSON_BYTES``; no more than that is held in memory.
    """
    decompressor = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        text = decompressor.decompress(data, MAX_JSON_BYTES + 1)
    except zlib.error as error:
        raise _make_damage_error(f"gunzip says '{error}'") from error
    if len(text) > MAX_JSON_BYTES:
        raise _make_damage_error(f"it inflates to more than {MAX_JSON_BYTES:,} bytes")
    if not decompressor.eof:
        raise _make_damage_error("its end is missing")
    if decompressor.unused_data:
        raise _make_damage_error("it has bytes after its end")
    return text


def encode_base64(data: bytes) -> str:
    """Return the text that the parameter ``argosy-ir`` carries."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return the bytes behind :func:`to_base64`.

    Raises:
        PackedIrError: The text is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise _make_damage_error("it is not base64") from error


def compute_ir_digest(data: bytes) -> str:
    """Return the SHA-256 that names a packed IR in a store, as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def make_reference(data: bytes) -> str:
    """Return the text that the parameter ``argosy-ir`` carries for an IR in the store."""
    return f"{REFERENCE_PREFIX}{compute_ir_digest(data)}"


def _make_damage_error(what: str) -> PackedIrError:
    return PackedIrError(f"the IR is damaged: {what}; compile the pipeline again")


def _make_document(pipeline: Pipeline) -> Json:
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION_WITHOUT_RESULTS,
        "pipelineSpec": _prune_spec(pipeline),
    }
    platform = pipeline.platform
    kubernetes = {
        name: platform[name] for name in ("deploymentSpec", "pipelineConfig") if platform.get(name)
    }
    if kubernetes:
        document["platformSpec"] = {"platforms": {"kubernetes": kubernetes}}
    control: dict[str, dict[str, list[list[str]]]] = {}
    for (dag, task), entries in pipeline.control.items():
        control.setdefault(dag, {})[task] = [[entry.output, entry.form] for entry in entries]
    if control:
        document["control"] = control
    if pipeline.known != NOTHING_KNOWN:
        document["version"] = VERSION
        document["known"] = _known_to_json(pipeline.known)
    return document


def _known_to_json(known: KnownResults) -> Json:
    records = {
        path: [one.run_id, one.task_path, one.attempt_id] for path, one in known.records.items()
    }
    members = {
        "tasks": sorted(known.tasks),
        "records": dict(sorted(records.items())),
        "outdated": dict(sorted(known.outdated.items())),
    }
    return {name: member for name, member in members.items() if member}


def _known_from_json(known: Json) -> KnownResults:
    return KnownResults(
        tasks=frozenset(known.get("tasks", ())),
        records={
            path: RecordReference(run_id=run_id, task_path=task_path, attempt_id=attempt_id)
            for path, (run_id, task_path, attempt_id) in known.get("records", {}).items()
        },
        outdated=known.get("outdated", {}),
    )


def _prune_spec(pipeline: Pipeline) -> Json:
    """Return the pipeline spec without the components and executors that nothing reaches."""
    spec: Json = pipeline.document
    labels = {component.executor_label for component in pipeline.components.values()}
    executors: Json = spec.get("deploymentSpec", {}).get("executors", {})
    return {
        **spec,
        "components": {name: spec["components"][name] for name in pipeline.components},
        "deploymentSpec": {
            "executors": {label: executors[label] for label in executors if label in labels}
        },
    }


def _control_from_json(control: Json) -> dict[tuple[str, str], tuple[ControlEntry, ...]]:
    return {
        (dag, task): tuple(
            ControlEntry(output=output, form=ControlForm(form)) for output, form in entries
        )
        for dag, tasks in control.items()
        for task, entries in tasks.items()
    }
