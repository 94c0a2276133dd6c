"""Requests of any shape to every path of the REST API: none may meet a bug.

Paths, members and types come from the ``.proto`` files. Half of the values fit their member, and
ids are those of things that exist as often as not, so that requests get past the first check.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argosy_service.api.methods import Method, list_methods
from argosy_service.settings import ServiceSettings
from service_running import Client, run_service

Strategy: TypeAlias = st.SearchStrategy[Any]

HELLO: Final = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
STATUSES: Final = {200, 400, 403, 404, 409, 501}
FEW: Final = 100
MANY: Final = 5_000
DEEPEST: Final = 3

ANY_TEXT: Final = st.text(max_size=30) | st.sampled_from(
    [
        "",
        "a",
        "%",
        "%2F",
        "../..",
        "\0",
        "é日🙂\u202e",
        "a" * 200,
        "{}",
        "'; DROP TABLE runs; --",
        ":archive",
    ]
)
ANY_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
TIMES: Final = st.sampled_from(
    ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59Z", "yesterday", ""]
)
KEYS: Final = st.sampled_from(
    ["id", "name", "display_name", "created_at", "state", "namespace", "tags.a", "tags.", "x", ""]
)
VALUES: Final[Strategy] = st.builds(
    dict[str, Any], values=st.lists(ANY_TEXT | st.integers(), max_size=2)
)
PREDICATES: Final[Strategy] = st.fixed_dictionaries(
    {"key": KEYS, "operation": st.integers(-1, 11) | st.sampled_from(["EQUALS", "IN", "LIKE"])},
    optional={
        "string_value": ANY_TEXT,
        "int_value": st.integers(-(2**33), 2**33),
        "long_value": st.integers(-(2**65), 2**65),
        "timestamp_value": TIMES,
        "string_values": VALUES,
        "long_values": VALUES,
    },
)
FILTERS: Final[Strategy] = st.fixed_dictionaries({"predicates": st.lists(PREDICATES, max_size=3)})
ORDERS: Final = st.sampled_from(["", "asc", "desc", "DESC x"])
SPECIAL: Final[dict[str, Strategy]] = {
    "filter": ANY_TEXT | FILTERS.map(json.dumps),
    "sort_by": ANY_TEXT
    | st.tuples(KEYS, st.sampled_from(["", "asc", "desc", "DESC x"])).map(" ".join),
    "page_size": st.integers(-(2**40), 2**40) | ANY_TEXT,
    "page_token": ANY_TEXT,
    "cron": st.sampled_from(
        ["* * * * * *", "0 0 31 2 *", "@every 1h", "@daily", "* * *", "99 * * * *"]
    ),
}
NUMBERS: Final = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
)


class Target:
    """A service, and the ids of what is in it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        part = b'Content-Disposition: form-data; name="uploadfile"; filename="p.yaml"'
        pipeline = client.ask(
            "POST",
            "/pipelines/upload",
            b"--x\r\n" + part + b"\r\n\r\n" + HELLO.read_bytes() + b"\r\n--x--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        ).body
        self.spec: Any = yaml.safe_load(HELLO.read_text())
        run = client.post("/runs", {"display_name": "r", "pipeline_spec": self.spec})
        versions = client.get(f"/pipelines/{pipeline['pipeline_id']}/versions")
        recurring = client.post(
            "/recurringruns",
            {"display_name": "j", "max_concurrency": 1, "pipeline_spec": self.spec},
        )
        self.ids = {
            "experiment_id": run["experiment_id"],
            "run_id": run["run_id"],
            "pipeline_id": pipeline["pipeline_id"],
            "pipeline_version_id": versions["pipeline_versions"][0]["pipeline_version_id"],
            "recurring_run_id": recurring["recurring_run_id"],
        }


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    # Nothing runs, since there is no room for any.
    home = tmp_path_factory.mktemp("home")
    with run_service(ServiceSettings(home=home, http_port=0, grpc_port=0, max_runs=0)) as client:
        yield Target(client)


def make_value(target: Target, field: Any, depth: int) -> Strategy:
    """Return values for a member, of which half fit."""
    fitting = _make_fitting(target, field, depth)
    if field.is_repeated and not _is_map(field):
        fitting = st.lists(fitting, max_size=2)
    return fitting | fitting | ANY_JSON


def _is_map(field: Any) -> bool:
    message = field.message_type
    return message is not None and bool(message.GetOptions().map_entry)


def _make_fitting(target: Target, field: Any, depth: int) -> Strategy:
    if field.name in target.ids:
        return st.just(target.ids[field.name]) | ANY_TEXT
    if field.name in SPECIAL:
        return SPECIAL[field.name]
    if field.cpp_type in NUMBERS:
        return st.integers(-(2**65), 2**65) | st.integers(0, 20) | st.integers(0, 9).map(str)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return st.booleans()
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return st.sampled_from([each.name for each in field.enum_type.values]) | st.integers(-1, 9)
    if field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
        return ANY_TEXT
    if _is_map(field):
        inner = field.message_type.fields_by_name["value"]
        return st.dictionaries(ANY_TEXT, make_value(target, inner, depth + 1), max_size=3)
    match field.message_type.full_name:
        case "google.protobuf.Timestamp":
            return TIMES
        case "google.protobuf.Struct":
            return st.just(target.spec) | st.dictionaries(ANY_TEXT, ANY_JSON, max_size=3)
        case "google.protobuf.Value":
            return ANY_JSON
        case _:
            return make_message(target, field.message_type, depth + 1)


def make_message(target: Target, message: Any, depth: int) -> Strategy:
    if depth > DEEPEST:
        return st.just({})
    members = {field.name: make_value(target, field, depth) for field in message.fields}
    return st.fixed_dictionaries({}, optional=members)


METHODS: Final = sorted(list_methods(), key=lambda method: method.name)


@st.composite
def make_request(draw: st.DrawFn, target: Target) -> tuple[str, str, Any, dict[str, Any]]:
    """Return verb, path, body and query."""
    method: Method = draw(st.sampled_from(METHODS))
    message: Any = method.request.DESCRIPTOR
    path = method.path
    for part in path.split("/"):
        if "{" in part:
            variable = part[part.index("{") : part.index("}") + 1]
            name = variable.strip("{}").rpartition(".")[2]
            known = [target.ids[name]] if name in target.ids else []
            text = draw(st.sampled_from(known) | ANY_TEXT if known else ANY_TEXT)
            path = path.replace(
                variable, urllib.parse.quote(text.encode("utf-8", "replace"), safe="")
            )
    body: Any = None
    if method.body:
        whole = message if method.body == "*" else message.fields_by_name[method.body].message_type
        body = draw(ANY_JSON if whole is None else make_message(target, whole, 1) | ANY_JSON)
    query: dict[str, Any] = {}
    if method.body != "*":
        for field in message.fields:
            if field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE and draw(st.booleans()):
                value = draw(make_value(target, field, DEEPEST))
                query[field.name] = str(value).encode("utf-8", "replace")
    return method.verb, path, body, query


def check(target: Target, data: st.DataObject) -> None:
    verb, path, body, query = data.draw(make_request(target))

    answer = target.client.ask(verb, path, body, query=query)

    assert answer.status in STATUSES, (verb, path, body, query, answer)
    assert answer.status == 200 or answer.message


CHECKS: Final = (HealthCheck.too_slow, HealthCheck.data_too_large)


@given(data=st.data())
@settings(max_examples=FEW, deadline=None, suppress_health_check=CHECKS)
def test_no_request_meets_a_bug(target: Target, data: st.DataObject) -> None:
    check(target, data)


@pytest.mark.nightly
@given(data=st.data())
@settings(max_examples=MANY, deadline=None, suppress_health_check=CHECKS)
def test_none_of_many_requests_meets_a_bug(target: Target, data: st.DataObject) -> None:
    check(target, data)
