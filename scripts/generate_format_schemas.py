"""Write the JSON Schemas of Argosy's own formats.

``python scripts/generate_format_schemas.py`` writes ``schemas/argosy_schemas/json``; ``--check``
compares and exits with status 1 where a file differs. All but that of the packed IR come from the
dataclasses and the docstrings under their fields. A reader skips fields that it does not know, so
a schema forbids none.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import json
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from argosy_runs import journal
from argosy_schemas.formats import packed_ir, records, step
from argosy_schemas.ir.model import ControlForm
from argosy_schemas.values import to_camel_case

JSON: Final = Path(__file__).resolve().parents[1] / "schemas" / "argosy_schemas" / "json"

Schema = dict[str, Any]


class _Definitions:
    """The schemas of all dataclasses that one format reaches."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def of(self, hint: Any) -> Schema:
        """Return the schema of a value with this type hint."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is Any:
            return {}
        if isinstance(hint, typing.NewType):
            return self.of(hint.__supertype__)
        if origin is types.UnionType or origin is typing.Union:
            (given,) = [argument for argument in arguments if argument is not type(None)]
            return self.of(given)
        if origin is tuple:
            return self._array(arguments)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if is_dataclass(hint):
            return self._reference(typing.cast("type", hint))
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return {"type": "string", "enum": [member.value for member in hint]}
        return dict(_SCALARS[hint])

    def _array(self, arguments: tuple[Any, ...]) -> Schema:
        if arguments[1] is ...:
            return {"type": "array", "items": self.of(arguments[0])}
        items = [self.of(argument) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}

    def _reference(self, kind: type) -> Schema:
        if kind.__name__ not in self.found:
            self.found[kind.__name__] = {}
            self.found[kind.__name__] = self.object(kind)
        return {"$ref": f"#/$defs/{kind.__name__}"}

    def object(self, kind: type) -> Schema:
        """Return the schema of a dataclass itself."""
        # The name alone: what it stands for refers to itself.
        hints = typing.get_type_hints(kind, localns={"JsonValue": Any})
        notes = dict(_notes(kind))
        members: dict[str, Schema] = {}
        required: list[str] = []
        for field in fields(kind):
            schema: Schema = self.of(hints[field.name])
            if field.name in notes:
                schema["description"] = notes[field.name]
            members[to_camel_case(field.name)] = schema
            if _is_required(field):
                required.append(to_camel_case(field.name))
        return {
            "type": "object",
            "description": _sentences(inspect.getdoc(kind) or ""),
            "properties": members,
            **({"required": required} if required else {}),
        }


def _is_required(field: Field[Any]) -> bool:
    if field.name == "version":
        return True
    return field.default is MISSING and field.default_factory is MISSING


_SCALARS: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    datetime: {"type": "string", "format": "date-time"},
}


def _notes(kind: type) -> Iterator[tuple[str, str]]:
    """Yield the fields of a dataclass with the docstrings under them."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    body = definition.body
    for statement, after in itertools.pairwise(body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            yield statement.target.id, _sentences(str(after.value.value))


def _sentences(text: str) -> str:
    return " ".join(text.split())


def _format(name: str, kind: type, version: str) -> Schema:
    definitions = _Definitions()
    schema = definitions.object(kind)
    schema["properties"]["version"] = _version(version)
    return _document(name, schema, definitions.found)


def _version(version: str) -> Schema:
    return {
        "type": "string",
        "pattern": rf"^{version.partition('.')[0]}\.[0-9]+$",
        "description": f"Major and minor; this release writes {version}.",
    }


def _document(name: str, schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:argosy:schema:{name}",
        **schema,
        **({"$defs": dict(sorted(definitions.items()))} if definitions else {}),
    }


def _mapping(items: Schema) -> Schema:
    return {"type": "object", "additionalProperties": items}


def _packed_ir() -> Schema:
    entry: Schema = {
        "type": "array",
        "prefixItems": [
            {"type": "string"},
            {"type": "string", "enum": [form.value for form in ControlForm]},
        ],
        "minItems": 2,
        "items": False,
    }
    document: Schema = {
        "type": "object",
        "description": "The JSON of a packed IR, which travels as gzip.",
        "properties": {
            "format": {"const": packed_ir.FORMAT},
            "version": {
                "type": "string",
                "pattern": r"^[12]\.[0-9]+$",
                "description": "Major and minor; this release writes "
                f"{packed_ir.VERSION_WITHOUT_RESULTS}, and {packed_ir.VERSION} with 'known'.",
            },
            "pipelineSpec": {"$ref": "urn:argosy:schema:pipeline-spec"},
            "platformSpec": {"$ref": "urn:argosy:schema:platform-spec"},
            "control": {
                **_mapping(_mapping({"type": "array", "items": entry})),
                "description": "DAG component to task key to what the task publishes.",
            },
            "known": _known(),
        },
        "required": ["format", "version", "pipelineSpec"],
    }
    return _document("packed-ir", document, {})


def _known() -> Schema:
    reference: Schema = {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "string"}, {"type": "string"}],
        "minItems": 3,
        "items": False,
    }
    return {
        "type": "object",
        "description": "What was known when the workflow was made.",
        "properties": {
            "tasks": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Paths of the tasks without a pod; of a group, all in it as well.",
            },
            "records": {
                **_mapping(reference),
                "description": "Task path to the run, path and attempt of its success record.",
            },
            "outdated": {
                **_mapping({"type": "string"}),
                "description": "Task path to the attempt whose success record does not count.",
            },
        },
    }


def _journal_entry() -> Schema:
    definitions = _Definitions()
    kinds = {
        "engine": journal.EngineStarted,
        "node": journal.NodeChanged,
        "stop": journal.StopRequested,
        "end": journal.RunEnded,
    }
    entries: list[Schema] = []
    for event, kind in kinds.items():
        entry = definitions.object(kind)
        entry["properties"] = {"event": {"const": event}, **entry["properties"]}
        entry["required"] = ["event", *entry["required"]]
        if "version" in entry["properties"]:
            entry["properties"]["version"] = _version(journal.JOURNAL_VERSION)
        entries.append(entry)
    document: Schema = {"description": "One line of the journal of a run.", "oneOf": entries}
    return _document("journal-entry", document, definitions.found)


def files() -> Mapping[str, str]:
    """Return the generated files by name."""
    schemas = {
        "attempt_record": _format("attempt-record", records.AttemptRecord, records.RECORD_VERSION),
        "cache_entry": _format("cache-entry", records.CacheEntry, records.RECORD_VERSION),
        "journal_entry": _journal_entry(),
        "step": _format("step", step.Step, step.STEP_VERSION),
        "packed_ir": _packed_ir(),
    }
    return {
        f"{name}.schema.json": json.dumps(schema, indent=1) + "\n"
        for name, schema in schemas.items()
    }


def main() -> int:
    """Write the schemas, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check: bool = parser.parse_args().check
    stale = {
        name: text
        for name, text in files().items()
        if not (JSON / name).is_file() or (JSON / name).read_text() != text
    }
    for name, text in stale.items():
        if check:
            print(f"{name} is stale; run scripts/generate_format_schemas.py", file=sys.stderr)
        else:
            (JSON / name).write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
