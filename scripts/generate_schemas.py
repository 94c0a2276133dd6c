"""Write the JSON Schemas of the two documents of a compiled pipeline, from KFP's own descriptors.

``python scripts/generate_schemas.py`` writes ``schemas/argosy_schemas/json``; ``--check`` compares
and exits with status 1 where a file differs. A schema describes the canonical form that
:mod:`argosy_schemas.reading.structure` makes: lowerCamelCase names, no ``null`` but in free-form
values.

Two fields that KFP declares as free-form are described strictly, as their readers parse them:
``deploymentSpec`` as ``PipelineDeploymentConfig``, the executors of the Kubernetes platform as
``KubernetesExecutorConfig``. Fields of newer releases than the descriptor here are in ``NEWER``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
)

JSON: Final = Path(__file__).resolve().parents[1] / "schemas" / "argosy_schemas" / "json"

# Where $ stands for an end, Python also takes a line feed after it.
END: Final = r"(?![\s\S])"
DURATION: Final = rf"^-?[0-9]{{1,12}}(\.[0-9]{{1,9}})?s{END}"
WHOLE: Final = f"^-?[0-9]{{1,19}}{END}"

Schema = dict[str, Any]

_SCALARS: Final[Mapping[int, Schema]] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_INT32: {
        "type": "integer",
        "format": "int32",
        "minimum": -(2**31),
        "maximum": 2**31 - 1,
    },
    # Proto-JSON writes 64 bits as text and reads either.
    FieldDescriptor.TYPE_INT64: {
        "type": ["integer", "string"],
        "format": "int64",
        "minimum": -(2**63),
        "maximum": 2**63 - 1,
        "pattern": WHOLE,
    },
}
_WELL_KNOWN: Final[Mapping[str, Schema]] = {
    "google.protobuf.Value": {},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Duration": {"type": "string", "format": "duration", "pattern": DURATION},
}

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_TEXT_MAP: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


NEWER: Final[Mapping[str, Mapping[str, Schema]]] = {
    "KubernetesExecutorConfig": {"initContainers": _list({"$ref": "#/$defs/InitContainer"})},
    "InitContainer": {
        "name": _TEXT,
        "image": _TEXT,
        "command": _TEXTS,
        "args": _TEXTS,
        "env": _list(_object(name=_TEXT, value=_TEXT)),
        "volumeMounts": _list(_object(volumeName=_TEXT, mountPath=_TEXT)),
        "restartPolicy": _TEXT,
        "resources": _object(requests=_TEXT_MAP, limits=_TEXT_MAP),
    },
    "SecurityContext": {"runAsNonRoot": {"type": "boolean"}},
}
"""Message to the fields that releases after the descriptor's have added to it."""


class _Definitions:
    """The definitions of all messages that one document reaches."""

    def __init__(self, replaced: Mapping[str, Schema]) -> None:
        self._replaced = replaced
        self.found: dict[str, Schema] = {}

    def reference(self, message: Descriptor) -> Schema:
        """Return a reference to ``message``, which is defined then."""
        if message.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[message.full_name])
        name = message.full_name.partition(".")[2]
        if name not in self.found:
            self.found[name] = {}  # there already for a message that holds itself
            self.found[name] = self._message(name, message)
        return {"$ref": f"#/$defs/{name}"}

    def _message(self, name: str, message: Descriptor) -> Schema:
        properties = {
            field.json_name: self._replaced.get(f"{name}.{field.json_name}") or self._field(field)
            for field in message.fields
        }
        for field_name, schema in NEWER.get(name, {}).items():
            properties.setdefault(field_name, schema)
        definition: Schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
        }
        exclusive = dict(_exclusive(message))
        if exclusive:
            definition["dependentSchemas"] = exclusive
        return definition

    def _field(self, field: FieldDescriptor) -> Schema:
        message = field.message_type
        if message is not None and message.GetOptions().map_entry:
            return {
                "type": "object",
                "additionalProperties": self._single(message.fields_by_name["value"]),
            }
        schema = self._single(field)
        if field.is_repeated:
            return _list(schema)
        return {**schema, "deprecated": True} if field.GetOptions().deprecated else schema

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.reference(field.message_type)
        if field.enum_type is not None:
            return _enum(field.enum_type)
        return dict(_SCALARS[field.type])


def _enum(enum: EnumDescriptor) -> Schema:
    numbers = [value.number for value in enum.values]
    if numbers != list(range(len(numbers))):
        # Readers translate a number to the name at that index.
        raise ValueError(f"{enum.full_name} has gaps in its numbers")
    return {"type": "string", "enum": [value.name for value in enum.values]}


def _exclusive(message: Descriptor) -> Iterator[tuple[str, Schema]]:
    """Yield, for each member of a oneof but its last, that no later member is there as well."""
    for oneof in message.oneofs:
        names = [field.json_name for field in oneof.fields]
        for position, name in enumerate(names[:-1]):
            others = [{"required": [other]} for other in names[position + 1 :]]
            yield name, {"not": {"anyOf": others}}


def _document(name: str, title: str, root: Schema, definitions: Mapping[str, Schema]) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:argosy:schema:{name}",
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _messages(module: str) -> Mapping[str, Descriptor]:
    # By name, because the package brings no types.
    file: FileDescriptor = importlib.import_module(module).DESCRIPTOR
    return file.message_types_by_name


def pipeline_spec() -> Schema:
    """Return the schema of the first document, ``PipelineSpec``."""
    messages = _messages("kfp.pipeline_spec.pipeline_spec_pb2")
    definitions = _Definitions(
        {"PipelineSpec.deploymentSpec": {"$ref": "#/$defs/PipelineDeploymentConfig"}}
    )
    definitions.reference(messages["PipelineDeploymentConfig"])
    root = definitions.reference(messages["PipelineSpec"])
    return _document("pipeline-spec", "PipelineSpec of KFP", root, definitions.found)


def platform_spec() -> Schema:
    """Return the schema of the second document, ``PlatformSpec``, strict for Kubernetes only."""
    messages = _messages("kfp.pipeline_spec.pipeline_spec_pb2")
    kubernetes = _messages("kfp.kubernetes.kubernetes_executor_config_pb2")
    definitions = _Definitions(
        {
            "PlatformSpec.platforms": {
                "type": "object",
                "additionalProperties": {"type": "object"},
                "properties": {"kubernetes": {"$ref": "#/$defs/SinglePlatformSpec"}},
            },
            "PlatformDeploymentConfig.executors": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/KubernetesExecutorConfig"},
            },
        }
    )
    definitions.reference(messages["SinglePlatformSpec"])
    definitions.reference(kubernetes["KubernetesExecutorConfig"])
    definitions.found["InitContainer"] = _object(**NEWER["InitContainer"])
    root = definitions.reference(messages["PlatformSpec"])
    return _document("platform-spec", "PlatformSpec of KFP, Kubernetes", root, definitions.found)


def files() -> Mapping[str, str]:
    """Return the generated files by name."""
    schemas = {"pipeline_spec": pipeline_spec(), "platform_spec": platform_spec()}
    return {
        f"{name}.schema.json": json.dumps(schema, indent=1) + "\n"
        for name, schema in schemas.items()
    }


def main() -> int:
    """Write the schemas, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check: bool = parser.parse_args().check
    stale = [
        name
        for name, text in files().items()
        if not (JSON / name).is_file() or (JSON / name).read_text() != text
    ]
    for name in stale:
        if check:
            print(f"{name} is stale; run scripts/generate_schemas.py", file=sys.stderr)
        else:
            (JSON / name).write_text(files()[name])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
