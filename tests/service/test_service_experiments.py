from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import yaml

from service_filters import make_filter
from service_running import Client

HELLO: Any = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml").read_text()
)
UNKNOWN = "4c8d6a2e-0000-4000-8000-000000000000"


def names(client: Client, **query: object) -> list[str]:
    """The names of one page."""
    return [each["display_name"] for each in client.get("/experiments", **query)["experiments"]]


def test_the_default_experiment_is_there(client: Client) -> None:
    (found,) = client.get("/experiments")["experiments"]

    assert found["display_name"] == "Default"
    assert found["storage_state"] == "AVAILABLE"
    assert found["last_run_created_at"] == "1970-01-01T00:00:00Z"


def test_an_experiment_is_returned_as_it_was_created(client: Client) -> None:
    created = client.post("/experiments", {"displayName": "日本 %41+", "description": "words"})

    assert created == client.get(f"/experiments/{created['experiment_id']}")
    assert (created["display_name"], created["description"]) == ("日本 %41+", "words")


def test_a_name_is_taken_once(client: Client) -> None:
    client.post("/experiments", {"display_name": "one"})

    answer = client.ask("POST", "/experiments", {"display_name": "one"})

    assert answer.status == 409
    assert answer.body["code"] == 6
    assert "Please specify a new name" in answer.message


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "display_name: The name is empty; give one"),
        ("é" * 65, "display_name: The name has 130 bytes; use at most 128"),
    ],
)
def test_a_wrong_name_is_refused(client: Client, name: str, problem: str) -> None:
    answer = client.ask("POST", "/experiments", {"display_name": name})

    assert (answer.status, answer.body["code"], answer.message) == (400, 3, problem)


def test_archiving_and_back(client: Client) -> None:
    created = client.post("/experiments", {"display_name": "one"})
    path = f"/experiments/{created['experiment_id']}"

    assert client.post(f"{path}:archive") == {}
    assert client.get(path)["storage_state"] == "ARCHIVED"
    assert client.post(f"{path}:unarchive") == {}
    assert client.get(path) == created


def test_what_was_archived_with_an_experiment_stays_so_when_it_comes_back(client: Client) -> None:
    experiment = client.post("/experiments", {"display_name": "one"})["experiment_id"]
    source = {"display_name": "x", "experiment_id": experiment, "pipeline_spec": HELLO}
    run = client.post("/runs", source)["run_id"]
    recurring = client.post("/recurringruns", {**source, "max_concurrency": 1, "mode": "ENABLE"})

    client.post(f"/experiments/{experiment}:archive")
    client.post(f"/experiments/{experiment}:unarchive")

    path = f"/recurringruns/{recurring['recurring_run_id']}"
    assert client.get(f"/experiments/{experiment}")["storage_state"] == "AVAILABLE"
    assert client.get(f"/runs/{run}")["storage_state"] == "ARCHIVED"
    assert client.get(path)["status"] == "DISABLED"


def test_a_deleted_experiment_is_gone_and_its_name_free(client: Client) -> None:
    created = client.post("/experiments", {"display_name": "one"})
    path = f"/experiments/{created['experiment_id']}"

    assert client.ask("DELETE", path).body == {}

    assert client.ask("GET", path).status == 404
    client.post("/experiments", {"display_name": "one"})


def test_the_default_experiment_stays(client: Client) -> None:
    (found,) = client.get("/experiments")["experiments"]

    answer = client.ask("DELETE", f"/experiments/{found['experiment_id']}")

    assert (answer.status, answer.body["code"]) == (409, 10)


@pytest.mark.parametrize(
    ("verb", "suffix"), [("GET", ""), ("DELETE", ""), ("POST", ":archive"), ("POST", ":unarchive")]
)
@pytest.mark.parametrize("given", [UNKNOWN, "a%2Fb", "invalid-id-%21@%23$%25", "x" * 300])
def test_an_unknown_id_is_not_found(client: Client, verb: str, suffix: str, given: str) -> None:
    answer = client.ask(verb, f"/experiments/{given}{suffix}")

    assert (answer.status, answer.body["code"]) == (404, 5)


# Lists.


@pytest.fixture
def listed(client: Client) -> Client:
    """With five experiments beside the default one."""
    for name in ("beta", "Alpha", "gamma", "delta", "50%_x"):
        client.post("/experiments", {"display_name": name, "description": f"The {name} one"})
    return client


def test_lists_are_sorted_by_creation_unless_told(listed: Client) -> None:
    assert names(listed) == ["Default", "beta", "Alpha", "gamma", "delta", "50%_x"]
    assert names(listed, sort_by="created_at desc")[0] == "50%_x"


def test_names_sort_without_regard_to_case(listed: Client) -> None:
    ordered = ["50%_x", "Alpha", "beta", "Default", "delta", "gamma"]

    assert names(listed, sort_by="Display_Name") == ordered
    assert names(listed, sort_by="name DESC") == ordered[::-1]


@pytest.mark.parametrize("sort_by", ["", "name", "name desc", "last_run_created_at", "id desc"])
def test_pages_give_each_row_once(listed: Client, sort_by: str) -> None:
    whole = names(listed, sort_by=sort_by)
    paged: list[str] = []
    token = ""
    while True:
        # The order is remembered: later calls need not repeat it.
        page = listed.get(
            "/experiments", page_size=2, page_token=token, sort_by="" if token else sort_by
        )
        assert page["total_size"] == 6
        paged += [each["display_name"] for each in page["experiments"]]
        token = page.get("next_page_token", "")
        if not token:
            break

    assert paged == whole


def test_rows_that_come_and_go_between_pages_move_no_others(listed: Client) -> None:
    first = listed.get("/experiments", page_size=3, sort_by="name")
    listed.post("/experiments", {"display_name": "aaa"})
    last = first["experiments"][-1]
    listed.ask("DELETE", f"/experiments/{first['experiments'][1]['experiment_id']}")

    second = names(listed, page_size=10, page_token=first["next_page_token"])

    assert last["display_name"] == "beta"
    assert second == ["Default", "delta", "gamma"]


@pytest.mark.parametrize(
    ("operation", "value", "found"),
    [
        ("EQUALS", {"string_value": "beta"}, ["beta"]),
        (1, {"stringValue": "beta"}, ["beta"]),
        ("EQUALS", {"string_value": ""}, []),
        ("NOT_EQUALS", {"string_value": "beta"}, ["Default", "Alpha", "gamma", "delta", "50%_x"]),
        ("IN", {"string_values": {"values": ["beta", "delta", "x"]}}, ["beta", "delta"]),
        ("IN", {"string_values": {}}, []),
        ("IS_SUBSTRING", {"string_value": "LPH"}, ["Alpha"]),
        (9, {"string_value": "%_"}, ["50%_x"]),
        ("GREATER_THAN", {"string_value": "beta"}, ["gamma", "delta"]),
        ("LESS_THAN_EQUALS", {"string_value": "Alpha"}, ["Alpha", "50%_x"]),
    ],
)
def test_filters_by_name(
    listed: Client, operation: object, value: dict[str, object], found: list[str]
) -> None:
    predicate = {"operation": operation, "key": "display_name", **value}

    page = listed.get("/experiments", filter=make_filter(predicate))

    assert [each["display_name"] for each in page.get("experiments", [])] == found
    assert page.get("total_size", 0) == len(found)


def test_predicates_are_joined(listed: Client) -> None:
    text = make_filter(
        {"operation": "IS_SUBSTRING", "key": "description", "string_value": "the "},
        {"operation": "IS_SUBSTRING", "key": "name", "string_value": "ta"},
    )

    assert names(listed, filter=text) == ["beta", "delta"]


def test_a_filter_is_remembered_by_the_token(listed: Client) -> None:
    text = make_filter({"operation": "IS_SUBSTRING", "key": "name", "string_value": "ta"})
    first = listed.get("/experiments", filter=text, page_size=1)

    second = listed.get("/experiments", page_token=first["next_page_token"], page_size=1)

    assert [each["display_name"] for each in second["experiments"]] == ["delta"]
    assert second["total_size"] == 2


def test_a_filter_that_was_encoded_twice_is_read(listed: Client) -> None:
    text = make_filter({"operation": 1, "key": "name", "string_value": "50%_x"})

    assert names(listed, filter=quote_plus(text)) == ["50%_x"]


@pytest.mark.parametrize(
    ("operation", "value", "count"),
    [
        ("GREATER_THAN", {"string_value": "2000-01-01T00:00:00Z"}, 6),
        ("LESS_THAN", {"string_value": "946684800"}, 0),
        ("LESS_THAN", {"long_value": "99999999999999999"}, 6),
        ("GREATER_THAN_EQUALS", {"timestamp_value": "2000-01-01T00:00:00Z"}, 6),
        ("NOT_EQUALS", {"timestamp_value": "2000-01-01T00:00:00Z"}, 6),
        ("IN", {"int_values": {"values": [1, 2]}}, 0),
    ],
)
def test_filters_by_time(
    listed: Client, operation: str, value: dict[str, object], count: int
) -> None:
    text = make_filter({"operation": operation, "key": "created_at", **value})

    assert listed.get("/experiments", filter=text).get("total_size", 0) == count


def test_a_time_equals_the_second_that_clients_see(listed: Client) -> None:
    shown = listed.get("/experiments", page_size=1)["experiments"][0]["created_at"]
    text = make_filter({"operation": "EQUALS", "key": "created_at", "timestamp_value": shown})
    after = make_filter({"operation": "GREATER_THAN", "key": "created_at", "string_value": shown})

    assert "Default" in names(listed, filter=text)
    assert "Default" not in str(listed.get("/experiments", filter=after))


MADE_TOKENS: list[tuple[str, object]] = [
    ("created_at", 2**70),
    ("created_at", True),
    ("created_at", 1.5),
    ("created_at", "x"),
    ("created_at", None),
    ("created_at", [1]),
    ("name", 1),
    ("name", "\ud800"),
    ("name", {}),
]


@pytest.mark.parametrize(("sort_by", "value"), MADE_TOKENS)
def test_a_token_that_somebody_made_is_refused(client: Client, sort_by: str, value: object) -> None:
    content = {"sort_by": sort_by, "filter": "", "after": [value, "x"]}
    token = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()

    answer = client.ask("GET", "/experiments", query={"page_token": token})

    assert (answer.status, answer.body["code"]) == (400, 3)
    assert answer.message.startswith("Invalid page token")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"page_size": -1}, "page_size: -1 is negative; use 1 to 200"),
        ({"page_size": "x"}, "page_size: 'x' does not fit"),
        ({"page_token": "???"}, "Invalid page token"),
        ({"page_token": "e30="}, "Invalid page token"),
        ({"page_token": base64.b64encode(b"[" * 9000).decode()}, "Invalid page token"),
        ({"sort_by": "color"}, "sort_by: there is no field 'color'"),
        ({"sort_by": "name up"}, "sort_by: 'name up' is no order"),
        ({"sort_by": "name desc desc"}, "sort_by: 'name desc desc' is no order"),
        ({"filter": "{"}, "filter: "),
        ({"filter": "[]"}, "filter: "),
    ],
)
def test_a_wrong_list_request_is_refused(
    client: Client, query: dict[str, object], problem: str
) -> None:
    answer = client.ask("GET", "/experiments", query=query)

    assert (answer.status, answer.body["code"]) == (400, 3)
    assert answer.message.startswith(problem)


@pytest.mark.parametrize(
    "predicate",
    [
        {"operation": "IN", "key": "name", "string_value": "x"},
        {"operation": "EQUALS", "key": "name", "string_values": {"values": ["x"]}},
        {"operation": "EQUALS", "key": "name", "int_value": 1},
        {"operation": "EQUALS", "key": "color", "string_value": "x"},
        {"operation": "EQUALS", "key": "tags.a", "string_value": "x"},
        {"operation": "LIKE", "key": "name", "string_value": "x"},
        {"operation": 4, "key": "name", "string_value": "x"},
        {"key": "name", "string_value": "x"},
        {"operation": "EQUALS", "key": "name"},
        {"operation": "IS_SUBSTRING", "key": "name", "int_value": 1},
        {"operation": "IS_SUBSTRING", "key": "created_at", "string_value": "1"},
        {"operation": "EQUALS", "key": "created_at", "string_value": "soon"},
        {"operation": "EQUALS", "key": "name", "string_value": "a", "int_value": 1},
    ],
    ids=str,
)
def test_a_wrong_predicate_is_refused(client: Client, predicate: dict[str, object]) -> None:
    answer = client.ask("GET", "/experiments", query={"filter": make_filter(predicate)})

    assert (answer.status, answer.body["code"]) == (400, 3)
    assert answer.message.startswith("filter: ")
    assert "\n" not in answer.message


def test_a_token_of_another_list_is_refused(listed: Client) -> None:
    token = listed.get("/experiments", page_size=1, sort_by="name")["next_page_token"]

    answer = listed.ask("GET", "/experiments", query={"page_token": token, "sort_by": "id"})

    assert answer.message == (
        "sort_by: the page token is that of another list; leave sort_by out, or give that of the "
        "first page"
    )
