"""Pipeline specs: read and checked when they come in, stored once, and parsed once for many runs.

A spec keeps the values that its author gave, so that clients get back what they sent; the pipeline
that it describes is what :mod:`argosy_schemas.reading` makes of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import Connection, select

from argosy_compiler.sources import read_source
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.documents import read_documents
from argosy_schemas.source import Source
from argosy_schemas.values import JsonValue, normalize, to_json
from argosy_service.database.inserting import insert_missing
from argosy_service.database.tables import SPECS
from argosy_service.errors import InvalidRequestError
from argosy_service.spec_documents import PLATFORM, SPEC, make_source

MAX_SPEC_BYTES: Final = 32 * 2**20

_KEPT_PIPELINES: Final = 64
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_MAX_DEPTH: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A pipeline spec that was checked."""

    digest: str
    """The SHA-256 of ``text``."""
    text: str
    """JSON: the spec, or an object with ``pipeline_spec`` and ``platform_spec``."""
    pipeline: Pipeline


class SpecReader:
    """Reads and checks specs; keeps the pipelines of those that were used last."""

    def __init__(self) -> None:
        self._pipelines = OrderedDict[str, Pipeline]()
        self._lock = threading.Lock()

    def read_file(self, data: bytes, *, file: str) -> Spec:
        """Return the spec in a file of YAML or JSON, whose name is one that KFP takes.

        Raises:
            InvalidRequestError: It breaks rules of the format; one line for each problem.
        """
        try:
            documents = read_documents(data, file=file, max_size_bytes=MAX_SPEC_BYTES)
            document = documents.pipeline
            if documents.platform is not None:
                document = {SPEC: documents.pipeline, PLATFORM: documents.platform}
            spec = self._make_spec(document, Source(file=file, data=data))
        except InvalidPipelineError as error:
            raise InvalidRequestError(str(error)) from error
        name = spec.pipeline.name
        if _NAME.fullmatch(name) is None:
            raise InvalidRequestError(
                f"{file}: pipelineInfo.name: '{name}' is no name of a pipeline; use up to 128 "
                "small letters, digits and dashes, and no dash at the beginning"
            )
        return spec

    def read_inline(self, message: Struct) -> Spec:
        """Return the spec that a request carries.

        Raises:
            InvalidRequestError: It breaks rules of the format; one line for each problem.
        """
        content: JsonValue = normalize(json_format.MessageToDict(message))
        assert isinstance(content, Mapping)
        source = make_source(to_json(content))
        try:
            return self._make_spec(content, source)
        except InvalidPipelineError as error:
            raise InvalidRequestError(str(error)) from error

    def load(self, connection: Connection, digest: str) -> Spec:
        """Return a spec that is stored.

        Raises:
            InvalidRequestError: This release refuses what an earlier one accepted.
        """
        text = load_text(connection, digest)
        pipeline = self._find(digest)
        if pipeline is not None:
            return Spec(digest=digest, text=text, pipeline=pipeline)
        try:
            return self._make_spec(json.loads(text), make_source(text))
        except InvalidPipelineError as error:
            raise InvalidRequestError(str(error)) from error

    def _make_spec(self, document: Mapping[str, JsonValue], source: Source) -> Spec:
        text = to_json(document)
        digest = hashlib.sha256(text.encode()).hexdigest()
        pipeline = self._find(digest)
        if pipeline is None:
            pipeline = read_source(source, max_size_bytes=2 * MAX_SPEC_BYTES)
            with self._lock:
                self._pipelines[digest] = pipeline
                while len(self._pipelines) > _KEPT_PIPELINES:
                    self._pipelines.popitem(last=False)
        return Spec(digest=digest, text=text, pipeline=pipeline)

    def _find(self, digest: str) -> Pipeline | None:
        with self._lock:
            found = self._pipelines.get(digest)
            if found is not None:
                self._pipelines.move_to_end(digest)
            return found


def store_spec(connection: Connection, spec: Spec) -> None:
    """Store a spec unless it is there."""
    insert_missing(connection, SPECS, {"digest": spec.digest, "document": spec.text})


def load_text(connection: Connection, digest: str) -> str:
    """Return the text of a spec that is stored."""
    query = select(SPECS.c.document).where(SPECS.c.digest == digest)
    text: str = connection.execute(query).scalar_one()
    return text


def make_struct(text: str) -> Struct:
    """Return the text of a spec as requests and answers carry it."""
    struct = Struct()
    json_format.ParseDict(json.loads(text), struct, max_recursion_depth=_MAX_DEPTH)
    return struct
