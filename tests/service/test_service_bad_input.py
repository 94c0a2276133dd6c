"""What clients may send by mistake: the right code, one clear sentence, nothing half-done."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cli_processes import ARGOSY
from service_running import Answer, Client

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
PART = b'--x\r\nContent-Disposition: form-data; name="uploadfile"; filename="p.yaml"\r\n\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


def upload(client: Client, **query: str) -> Answer:
    body = PART + HELLO.read_bytes() + b"\r\n--x--\r\n"
    return client.ask("POST", "/pipelines/upload", body, query=query, headers=FORM)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_json_is_read_whatever_its_type_says(client: Client, kind: str) -> None:
    headers = {"Content-Type": kind}

    answer = client.ask("POST", "/experiments", {"display_name": "x"}, headers=headers)

    assert answer.status == 200


NO_FORM = "the body is no form; send the file as the part 'uploadfile' of multipart/form-data"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("application/json", NO_FORM),
        ("text/plain", NO_FORM),
        ("", NO_FORM),
        (
            "multipart/form-data",
            "the form cannot be read: Missing boundary in multipart; send one part 'uploadfile'",
        ),
    ],
)
def test_an_upload_of_another_type_is_refused(
    sqlite_client: Client, kind: str, message: str
) -> None:
    answer = sqlite_client.ask("POST", "/pipelines/upload", b"{}", headers={"Content-Type": kind})

    assert (answer.status, answer.body["code"]) == (400, 3)
    assert answer.message == message


@pytest.mark.parametrize("name", ["a/b", "%", "%2F", "a%00b", "..", "a?b#c", "invalid-id-!@#$%"])
@pytest.mark.parametrize("path", ["experiments", "runs", "pipelines", "recurringruns"])
def test_an_odd_id_is_not_found(sqlite_client: Client, path: str, name: str) -> None:
    answer = sqlite_client.ask("GET", f"/{path}/{urllib.parse.quote(name, safe='')}")

    assert (answer.status, answer.body["code"]) == (404, 5)
    assert f"'{name}'" in answer.message


@pytest.mark.parametrize(
    "name",
    [
        "ελληνικά",
        "日本語",
        "العربية",
        "हिन्दी",
        "🙂🏳️‍🌈",
        "Ünïcödé",
        "a/b?c#d",
        "100 %",
        "a+b",
        "e\u0301",
    ],
)
def test_a_name_comes_back_and_is_found_in_any_script(client: Client, name: str) -> None:
    made = upload(client, name=name).body
    experiment = client.post("/experiments", {"display_name": name})
    predicate = {"key": "display_name", "operation": "EQUALS", "string_value": name}
    asked = json.dumps({"predicates": [predicate]})

    by_name = client.get(f"/pipelines/names/{urllib.parse.quote(name, safe='')}")
    found = client.get("/experiments", filter=asked)["experiments"]

    assert by_name["pipeline_id"] == made["pipeline_id"]
    assert (by_name["name"], experiment["display_name"]) == (name, name)
    assert [each["experiment_id"] for each in found] == [experiment["experiment_id"]]


def test_ten_thousand_tags_are_refused_and_leave_nothing(client: Client) -> None:
    tags = {f"key-{number}": "value" for number in range(10_000)}
    known = client.post("/pipelines", {"name": "known", "tags": {"a": "b"}})

    answers = [
        client.ask("POST", "/pipelines", {"name": "new", "tags": tags}),
        client.ask("PATCH", f"/pipelines/{known['pipeline_id']}", {"tags": tags}),
    ]

    assert [each.status for each in answers] == [400, 400]
    assert len(answers[0].message) < 300
    (left,) = client.get("/pipelines")["pipelines"]
    assert (left["name"], left["tags"]) == ("known", {"a": "b"})


def test_of_two_uploads_of_a_name_one_wins(client: Client) -> None:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(upload(client, name="one"))) for _ in "abcd"
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.status for each in answers) == [200, 409, 409, 409]
    (pipeline,) = client.get("/pipelines")["pipelines"]
    versions = client.get(f"/pipelines/{pipeline['pipeline_id']}/versions")
    assert versions["total_size"] == 1


def test_a_database_that_is_full_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    # By a shell: between fork and exec, no Python may run in a process of many threads.
    limited = ["sh", "-c", 'ulimit -f 2000; exec "$@"', "sh"]
    words = ["--home", str(tmp_path), "--port", "0", "--grpc-port", "0", "--no-request-log"]
    with subprocess.Popen(
        [*limited, ARGOSY, "serve", *words], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert " at http" in line, line
            url = line.split("at ")[1].partition(",")[0]
            kept, refused = fill(f"{url}/apis/v2beta1/experiments")
        finally:
            process.kill()

    assert refused["code"] == 14
    assert refused["message"].startswith("the database does not answer: ")
    assert kept > 1


def fill(url: str) -> tuple[int, Any]:
    """Create experiments until one is refused; return how many there are then, and the answer."""
    for number in range(400):
        body = json.dumps({"display_name": str(number), "description": "x" * 20_000}).encode()
        answer = ask(url, body)
        if answer.status == 200:
            continue
        assert answer.status == 503
        total = ask(url).body["total_size"]
        assert total == number + 1  # the default one is there as well
        return total, answer.body
    raise AssertionError("the database took all")


def ask(url: str, body: bytes | None = None) -> Answer:
    try:
        with urllib.request.urlopen(url, body) as answer:
            return Answer(status=200, body=json.load(answer), headers={})
    except urllib.error.HTTPError as error:
        return Answer(status=error.code, body=json.load(error), headers={})
