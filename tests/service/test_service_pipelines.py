from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from service_filters import make_filter
from service_running import Answer, Client

EXAMPLES = Path(__file__).parents[2] / "examples"
HELLO = (EXAMPLES / "01-hello" / "pipeline.yaml").read_bytes()
TRAIN = (EXAMPLES / "03-train" / "pipeline.yaml").read_bytes()
UNKNOWN = "4c8d6a2e-0000-4000-8000-000000000000"


def upload(
    client: Client, data: bytes, file: str = "p.yaml", *, route: str = "upload", **query: object
) -> Answer:
    """Upload a file as the SDK does."""
    boundary = "xxBOUNDARYxx"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="uploadfile"; filename="{file}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    body += data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return client.ask("POST", f"/pipelines/{route}", body, query=query, headers=headers)


def uploaded(client: Client, data: bytes = HELLO, **query: object) -> Any:
    """Return the body of an upload that succeeds."""
    answer = upload(client, data, **query)  # type: ignore[arg-type] # a query of texts
    assert answer.status == 200, answer
    return answer.body


def versions(client: Client, pipeline: Any) -> Any:
    return client.get(f"/pipelines/{pipeline['pipeline_id']}/versions")["pipeline_versions"]


def zipped(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "."), data)
    return file.getvalue()


def tarred(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def damaged(data: bytes) -> bytes:
    """Return a zip file whose first entry cannot be unpacked."""
    start = 30 + len("pipeline.yaml")
    return (
        data[:start] + bytes(each ^ 0xFF for each in data[start : start + 40]) + data[start + 40 :]
    )


def test_an_upload_makes_a_pipeline_and_its_first_version(client: Client) -> None:
    pipeline = uploaded(client, name="hello", description="words")

    (version,) = versions(client, pipeline)
    assert (pipeline["name"], pipeline["display_name"]) == ("hello", "hello")
    assert client.get(f"/pipelines/{pipeline['pipeline_id']}") == pipeline
    assert client.get("/pipelines/names/hello") == pipeline
    assert (version["name"], version["description"]) == ("hello", "words")
    assert version["pipeline_spec"] == yaml.safe_load(HELLO)


def test_names_default_to_each_other_and_to_the_file(client: Client) -> None:
    by_file = uploaded(client)
    by_display = uploaded(client, display_name="shown")
    both = uploaded(client, name="name", display_name="shown")
    created = client.post("/pipelines", {"display_name": "made"})

    assert [(each["name"], each["display_name"]) for each in (by_file, by_display, both)] == [
        ("p.yaml", "p.yaml"),
        ("shown", "shown"),
        ("name", "shown"),
    ]
    assert (created["name"], created["display_name"]) == ("made", "made")
    assert client.get(f"/pipelines/{created['pipeline_id']}/versions") == {}


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("p.yml", TRAIN),
        ("p.json", json.dumps(yaml.safe_load(TRAIN)).encode()),
        ("p.zip", zipped(other__yaml=HELLO, pipeline__yaml=TRAIN)),
        ("p.zip", zipped(only__yaml=TRAIN)),
        ("p.tar.gz", tarred(other__yaml=HELLO, pipeline__yaml=TRAIN)),
        ("p.tgz", tarred(only__yaml=TRAIN)),
    ],
)
def test_packages_are_opened(client: Client, file: str, data: bytes) -> None:
    pipeline = upload(client, data, file, name="p").body

    (version,) = versions(client, pipeline)
    assert version["pipeline_spec"] == yaml.safe_load(TRAIN)


def test_a_platform_spec_comes_back_beside_its_pipeline(client: Client) -> None:
    platform: Any = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}
    data = HELLO + b"\n---\n" + yaml.safe_dump(platform).encode()

    (version,) = versions(client, uploaded(client, data))

    assert version["pipeline_spec"] == {
        "pipeline_spec": yaml.safe_load(HELLO),
        "platform_spec": platform,
    }


@pytest.mark.parametrize(
    ("file", "data", "problem"),
    [
        ("p.yaml", b"", "p.yaml: "),
        ("p.yaml", b"a: [", "p.yaml:2: This is not valid YAML"),
        ("p.yaml", HELLO.replace(b"name: hello", b"nome: hello"), "p.yaml:"),
        (
            "p.yaml",
            HELLO.replace(b"name: hello", b"name: Hello World"),
            "p.yaml: pipelineInfo.name: 'Hello World' is no name of a pipeline; use",
        ),
        ("p.yaml", HELLO.replace(b"schemaVersion: 2.1.0", b"schemaVersion: 3.0.0"), "p.yaml:83: "),
        ("p.png", b"\x89PNG\r\n", "p.png: The file is no pipeline; give a .yaml, .json, .zip"),
        ("p.zip", b"PK\x03\x04broken", "p.zip: The archive is damaged"),
        ("p.zip", damaged(zipped(pipeline__yaml=TRAIN)), "p.zip: The archive is damaged"),
        ("p.zip", zipped(), "p.zip: The archive has no file"),
        ("p.zip", zipped(readme__txt=b"words"), "p.zip: The archive has no pipeline.yaml"),
        ("p.tar.gz", b"\x1f\x8bbroken", "p.tar.gz: The archive is damaged"),
        ("p.zip", zipped(p__yaml=b" " * (33 * 2**20)), "p.zip: The pipeline is larger than"),
    ],
    ids=range(12),
)
def test_a_broken_file_is_refused(
    sqlite_client: Client, file: str, data: bytes, problem: str
) -> None:
    sqlite_client.clear()

    answer = upload(sqlite_client, data, file, name="p")

    assert answer.status == 400
    assert answer.body["error_message"].startswith(problem)
    assert answer.body["error_details"] == answer.body["error_message"]
    assert sqlite_client.get("/pipelines") == {}


def test_every_problem_of_a_pipeline_is_named(sqlite_client: Client) -> None:
    data = TRAIN.replace(b"cachingOptions", b"cashing").replace(b"componentRef", b"component")

    answer = upload(sqlite_client, data, "train.yaml")

    lines = answer.body["error_message"].splitlines()
    assert len(lines) > 2
    assert all(line.startswith("train.yaml:") for line in lines)


def test_an_upload_beyond_the_limit_is_refused_not_dropped(sqlite_client: Client) -> None:
    answer = upload(sqlite_client, b" " * (33 * 2**20))

    assert answer.status == 400
    assert answer.body["error_message"] == "the body is larger than 32 MiB; send less"


NO_FORM = "the body is no form; send the file as the part 'uploadfile' of multipart/form-data"


@pytest.mark.parametrize(
    ("body", "headers", "problem"),
    [
        (b"{}", {"Content-Type": "application/json"}, NO_FORM),
        (b"", {}, NO_FORM),
        (
            b"--x\r\n\r\n",
            {"Content-Type": "multipart/form-data"},
            "the form cannot be read: Missing boundary in multipart; send one part 'uploadfile'",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="uploadfile"; filename="a"\r\n\r\n'
            b'a\r\n--x\r\nContent-Disposition: form-data; name="b"; filename="b"\r\n\r\n'
            b"b\r\n--x--\r\n",
            {"Content-Type": "multipart/form-data; boundary=x"},
            "the form cannot be read: Too many files. Maximum number of files is 1; send one part "
            "'uploadfile'",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nwords\r\n--x--\r\n',
            {"Content-Type": "multipart/form-data; boundary=x"},
            "the form has no file 'uploadfile'; send one",
        ),
    ],
    ids=range(5),
)
def test_what_is_no_form_is_refused(
    sqlite_client: Client, body: bytes, headers: dict[str, str], problem: str
) -> None:
    answer = sqlite_client.ask("POST", "/pipelines/upload", body, headers=headers)

    assert (answer.status, answer.body["error_message"]) == (400, problem)


def test_a_name_is_taken_once(client: Client) -> None:
    pipeline = uploaded(client, name="p")

    again = upload(client, HELLO, name="p")
    same_display_name = upload(client, HELLO, name="q", display_name="p")
    version = upload(
        client, HELLO, route="upload_version", name="p", pipelineid=pipeline["pipeline_id"]
    )

    assert (again.status, same_display_name.status, version.status) == (409, 200, 409)


@pytest.mark.parametrize(
    ("name", "status"), [("n" * 100, 200), ("!@#$%^&*()_+ /\\?\"'<>", 200), ("n" * 500, 400)]
)
def test_names_have_a_limit_and_any_characters(client: Client, name: str, status: int) -> None:
    answer = client.ask("POST", "/pipelines", {"name": name})

    assert answer.status == status


@pytest.mark.parametrize(("length", "status"), [(127, 200), (128, 400)])
def test_names_of_versions_have_a_limit(client: Client, length: int, status: int) -> None:
    pipeline_id = client.post("/pipelines", {"name": "p"})["pipeline_id"]

    answer = upload(
        client, HELLO, route="upload_version", name="v" * length, pipelineid=pipeline_id
    )

    assert answer.status == status


def test_versions_are_added_and_removed(client: Client) -> None:
    pipeline = uploaded(client, name="p")
    path = f"/pipelines/{pipeline['pipeline_id']}"

    added = upload(
        client, TRAIN, route="upload_version", name="v2", pipelineid=pipeline["pipeline_id"]
    ).body

    assert [each["name"] for each in versions(client, pipeline)] == ["p", "v2"]
    assert client.get(f"{path}/versions/{added['pipeline_version_id']}") == added
    # As KFP has it: the pipeline in the path does not matter.
    assert client.get(f"/pipelines/other/versions/{added['pipeline_version_id']}") == added
    assert client.ask("DELETE", path).status == 400
    for version in versions(client, pipeline):
        client.ask("DELETE", f"/pipelines/other/versions/{version['pipeline_version_id']}")
    assert client.ask("DELETE", path).body == {}
    assert client.ask("GET", path).status == 404


def test_versions_are_those_of_their_pipeline(client: Client) -> None:
    first, second = uploaded(client, name="first"), uploaded(client, name="second")
    url = "https://example.com/commit"

    added = upload(
        *(client, TRAIN),
        route="upload_version",
        name="first",
        pipelineid=second["pipeline_id"],
        code_source_url=url,
    ).body

    assert [each["name"] for each in versions(client, first)] == ["first"]
    assert [each["name"] for each in versions(client, second)] == ["second", "first"]
    assert versions(client, second)[1] == added
    assert added["code_source_url"] == url


def test_a_version_goes_and_its_runs_stay(client: Client) -> None:
    (version,) = versions(client, uploaded(client))
    reference = {key: version[key] for key in ("pipeline_id", "pipeline_version_id")}
    body = {"display_name": "x", "pipeline_version_reference": reference}
    run = client.post("/runs", body)

    path = f"/pipelines/{version['pipeline_id']}"
    client.ask("DELETE", f"{path}/versions/{version['pipeline_version_id']}")
    client.ask("DELETE", path)

    assert client.ask("GET", path).status == 404
    assert client.get(f"/runs/{run['run_id']}") == run


def test_versions_are_found_by_status_and_spec(client: Client) -> None:
    path = f"/pipelines/{uploaded(client)['pipeline_id']}/versions"

    def count(key: str, operation: str, value: str) -> int:
        predicate = {"operation": operation, "key": key, "string_value": value}
        found: int = client.get(path, filter=make_filter(predicate)).get("total_size", 0)
        return found

    assert count("status", "EQUALS", "READY") == 1
    assert count("pipeline_spec", "IS_SUBSTRING", '"schemaversion":') == 1
    assert count("pipeline_spec", "IS_SUBSTRING", "nowhere") == 0
    assert len(client.get(path, sort_by="pipeline_spec desc")["pipeline_versions"]) == 1


def test_a_pipeline_is_deleted_with_its_versions_on_request(client: Client) -> None:
    pipeline = uploaded(client, name="p", tags='{"a": "b"}')
    (version,) = versions(client, pipeline)

    answer = client.ask(
        "DELETE", f"/pipelines/{pipeline['pipeline_id']}", query={"cascade": "true"}
    )

    assert answer.body == {}
    path = f"/pipelines/x/versions/{version['pipeline_version_id']}"
    assert client.ask("GET", path).status == 404


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("GET", f"/pipelines/{UNKNOWN}", None),
        ("DELETE", f"/pipelines/{UNKNOWN}", None),
        ("PATCH", f"/pipelines/{UNKNOWN}", {"display_name": "x"}),
        ("GET", "/pipelines/names/unknown", None),
        ("GET", f"/pipelines/x/versions/{UNKNOWN}", None),
        ("DELETE", f"/pipelines/x/versions/{UNKNOWN}", None),
        ("PATCH", f"/pipelines/x/versions/{UNKNOWN}", {"display_name": "x"}),
    ],
)
def test_what_is_unknown_is_not_found(client: Client, verb: str, path: str, body: object) -> None:
    assert client.ask(verb, path, body).status == 404


def test_a_version_needs_its_pipeline(client: Client) -> None:
    unknown = upload(client, HELLO, route="upload_version", pipelineid=UNKNOWN)
    missing = upload(client, HELLO, route="upload_version")

    assert (unknown.status, missing.status) == (404, 400)


# Tags.


def test_tags_are_kept_replaced_and_cleared(client: Client) -> None:
    pipeline = uploaded(client, name="p", tags='{"team": "x", "stage": "y"}')
    (version,) = versions(client, pipeline)
    path = f"/pipelines/{pipeline['pipeline_id']}"
    both = (path, f"{path}/versions/{version['pipeline_version_id']}")

    for each in both:
        assert client.get(each)["tags"] == {"team": "x", "stage": "y"}
        kept = client.ask("PATCH", each, {"display_name": "shown", "name": "ignored"}).body
        assert (kept["display_name"], kept["name"]) == ("shown", "p")
        assert kept["tags"] == {"team": "x", "stage": "y"}
        replaced = client.ask("PATCH", each, {"tags": {"new": "z"}}).body
        assert (replaced["tags"], replaced["display_name"]) == ({"new": "z"}, "shown")
        assert "tags" not in client.ask("PATCH", each, {"tags": {}}).body


def test_tags_go_with_what_has_them(client: Client) -> None:
    team = make_filter({"operation": "EQUALS", "key": "tags.team", "string_value": "x"})
    pipeline = uploaded(client, name="p", tags='{"team": "x"}')
    found = client.get("/pipelines", filter=team)["pipelines"]
    by_name = client.get("/pipelines/names/p")

    client.ask("DELETE", f"/pipelines/{pipeline['pipeline_id']}", query={"cascade": "true"})
    again = uploaded(client, name="p")

    assert (found, by_name) == ([pipeline], pipeline)
    assert "tags" not in again
    assert client.get("/pipelines", filter=team) == {}


@pytest.mark.parametrize(
    "tags",
    [
        {"k" * 64: "v"},
        {"k": "v" * 64},
        {"": "v"},
        {"a.b": "v"},
        {f"k{number}": "v" for number in range(21)},
    ],
    ids=range(5),
)
def test_tags_have_limits_everywhere(client: Client, tags: dict[str, str]) -> None:
    pipeline = uploaded(client, name="p")
    (version,) = versions(client, pipeline)
    path = f"/pipelines/{pipeline['pipeline_id']}"
    text = json.dumps(tags)

    answers = [
        client.ask("POST", "/pipelines", {"name": "q", "tags": tags}),
        client.ask("PATCH", path, {"tags": tags}),
        client.ask("PATCH", f"{path}/versions/{version['pipeline_version_id']}", {"tags": tags}),
        upload(client, HELLO, name="q", tags=text),
        upload(
            client,
            HELLO,
            route="upload_version",
            name="q",
            tags=text,
            pipelineid=pipeline["pipeline_id"],
        ),
    ]

    assert [answer.status for answer in answers] == [400] * 5
    assert client.get("/pipelines")["total_size"] == 1


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"a": 1}', "words", '{"a":' * 9000, '{"a": "\\ud800"}']
)
def test_tags_of_an_upload_are_an_object(sqlite_client: Client, text: str) -> None:
    answer = upload(sqlite_client, HELLO, name="with tags", tags=text)

    assert answer.status == 400
    assert answer.body["error_message"].startswith("tags: ")


def test_lists_filter_by_tag(client: Client) -> None:
    uploaded(client, name="one", tags='{"team": "x", "stage": "y"}')
    uploaded(client, name="two", tags='{"team": "x"}')
    uploaded(client, name="three")
    team = {"operation": "EQUALS", "key": "tags.team", "string_value": "x"}
    stage = {"operation": "EQUALS", "key": "tags.stage", "string_value": "y"}
    name = {"operation": "IS_SUBSTRING", "key": "name", "string_value": "tw"}

    def names(*predicates: Mapping[str, object]) -> list[str]:
        page = client.get("/pipelines", filter=make_filter(*predicates))
        return [each["name"] for each in page.get("pipelines", [])]

    assert names(team) == ["one", "two"]
    assert names(team, stage) == ["one"]
    assert names(team, name) == ["two"]
    assert names({**team, "string_value": "z"}) == []
    wrong = make_filter({**team, "operation": "NOT_EQUALS"})
    assert client.ask("GET", "/pipelines", query={"filter": wrong}).status == 400


# By URL.


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "package_url.pipeline_url: The URL is empty; give one"),
        ("/etc/passwd", "is no https URL"),
        ("http://github.com/x", "is no https URL"),
        ("https://user@github.com/x", "names a port or a user"),
        ("https://github.com:8443/x", "names a port or a user"),
        ("https://example.com/x", "is on a host that is not allowed"),
        ("https://127.0.0.1/x", "is on a host that is not allowed"),
        ("https://github.com@127.0.0.1/x", "names a port or a user"),
    ],
)
def test_a_url_that_may_not_be_fetched_is_refused(
    sqlite_client: Client, url: str, problem: str
) -> None:
    sqlite_client.clear()
    body = {"pipeline": {"name": "p"}, "pipeline_version": {"package_url": {"pipeline_url": url}}}

    answer = sqlite_client.ask("POST", "/pipelines/create", body)

    assert answer.status == 400
    assert problem in answer.message
    assert sqlite_client.get("/pipelines") == {}
