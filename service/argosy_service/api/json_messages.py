"""Messages as the JSON of the REST API, and back.

Out: names as in the ``.proto`` files, members with zero values left out, 64-bit integers as texts,
and numbers of free-form values without a fraction where they have none. In: these names or camel
case, enums by name or number; unknown members are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from argosy_schemas.values import MAX_DEPTH, is_deeper, normalize
from argosy_service.errors import InvalidRequestError
from argosy_service.json_errors import explain_json_error

_MAX_DEPTH: Final = MAX_DEPTH + 10
"""Of a body: that of a pipeline or a parameter, and the members around it."""
_MAX_MESSAGES: Final = 400
"""Of messages; each level of a free-form value is three."""

_TOO_DEEP: Final = f"the body is nested more than {_MAX_DEPTH} levels deep; send less"


def write_message(message: Message) -> bytes:
    """Return the JSON of a message."""
    content = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(normalize(content), ensure_ascii=False, separators=(",", ":")).encode()


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body; an empty one is an object without members.

    Raises:
        InvalidRequestError: It is not JSON, or nested too deeply.
    """
    if not body.strip():
        return {}
    try:
        value: Any = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidRequestError(_TOO_DEEP) from error
    except ValueError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}; send a JSON object") from error
    if is_deeper(value, _MAX_DEPTH):
        raise InvalidRequestError(_TOO_DEEP)
    return value


def fill_message(message: Message, member: str, value: Any) -> None:
    """Fill a member of a message, ``*`` for all of it, from JSON.

    Raises:
        InvalidRequestError: A member is unknown or of the wrong type.
    """
    if not isinstance(value, dict):
        raise InvalidRequestError("the body is no JSON object; send one")
    members = cast("dict[str, Any]", value)
    content = members if member == "*" else {member: members}
    try:
        json_format.ParseDict(content, message, max_recursion_depth=_MAX_MESSAGES)
    except (json_format.ParseError, RecursionError, AttributeError) as error:
        reason = explain_json_error(error, outer=0 if member == "*" else 1)
        raise InvalidRequestError(f"the body does not fit: {reason}") from error


def fill_variables(message: Message, variables: Mapping[str, str]) -> None:
    """Set fields from the variables of a path, e.g. ``pipeline.pipeline_id``."""
    for path, text in variables.items():
        *outer, name = path.split(".")
        holder = message
        for each in outer:
            holder = getattr(holder, each)
        setattr(holder, name, text)


def fill_query(message: Message, query: Iterable[tuple[str, str]]) -> None:
    """Set fields from a query; an empty text is absent, and unknown names are ignored.

    A field that holds a list takes a value each time it is named.

    Raises:
        InvalidRequestError: A value is of the wrong type.
    """
    fields = {
        name: field
        for field in message.DESCRIPTOR.fields
        for name in (field.name, field.camelcase_name)
        if field.type != FieldDescriptor.TYPE_MESSAGE
    }
    for name, text in query:
        field = fields.get(name)
        if field is None or not text:
            continue
        value: Any = _BOOLEANS.get(text, text) if field.type == FieldDescriptor.TYPE_BOOL else text
        if field.type == FieldDescriptor.TYPE_ENUM and text.isdigit():
            value = int(text)
        try:
            given = [value] if field.is_repeated else value
            json_format.ParseDict({field.name: given}, message)
        except json_format.ParseError as error:
            reason = explain_json_error(error, outer=1)
            raise InvalidRequestError(f"{name}: '{text}' does not fit: {reason}") from error


_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
