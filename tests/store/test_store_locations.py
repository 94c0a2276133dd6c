"""URLs taken apart and opened."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.local.store import LocalStore
from argosy_store.locations import (
    Location,
    join_uri,
    parse_location,
    parse_pipeline_root,
    parse_root,
)
from argosy_store.stores import Stores, open_store


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b", Location(scheme="s3", bucket="b", key="")),
        ("s3://b/k/l/", Location(scheme="s3", bucket="b", key="k/l")),
        ("gs://b/%41 #?", Location(scheme="gs", bucket="b", key="%41 #?")),
        (
            "minio://b/k?endpoint=h:1&disableSSL=true&s3ForcePathStyle=true&region=r",
            Location(
                scheme="minio",
                bucket="b",
                key="k",
                options={
                    "endpoint": "h:1",
                    "disable_ssl": "true",
                    "path_style": "true",
                    "region": "r",
                },
            ),
        ),
        (
            "s3://b?use_path_style=true&disable_https=true&endpoint=http%3A%2F%2Fh",
            Location(
                scheme="s3",
                bucket="b",
                key="",
                options={"path_style": "true", "disable_ssl": "true", "endpoint": "http://h"},
            ),
        ),
        (
            "az://c/k?account=a",
            Location(scheme="az", bucket="c", key="k", options={"account": "a"}),
        ),
        ("memory://m/k", Location(scheme="memory", bucket="m", key="k")),
        ("file:///a b/%41", Location(scheme="file", bucket="", key="a b/%41")),
        ("file://localhost/a", Location(scheme="file", bucket="", key="a")),
        ("/a/b/", Location(scheme="file", bucket="", key="a/b")),
    ],
)
def test_the_url_of_a_root_is_taken_apart(url: str, expected: Location) -> None:
    assert parse_root(url) == expected


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("s3://b/k?endpoint=http://stranger", "k?endpoint=http://stranger"),
        ("minio://b/k?endpoint=h:1&region=r", "k?endpoint=h:1&region=r"),
        ("gs://b/k?anonymous=true", "k?anonymous=true"),
        ("az://b/k?account=a", "k?account=a"),
        ("s3://b/k?v=1", "k?v=1"),
    ],
)
def test_the_uri_of_an_artifact_has_no_options(uri: str, key: str) -> None:
    """Whoever chose it must not choose where the requests of this process go."""
    location = parse_location(uri)

    assert (location.bucket, location.key, location.options) == ("b", key, {})


@pytest.mark.parametrize(
    "uri",
    [
        "s3://stranger.example?x=/k",
        "s3://stranger.example#/k",
        "s3://user@stranger.example/k",
        "s3://stranger.example:8080/k",
        "s3://../k",
        "s3://b%2F/k",
        "s3://b\\k",
    ],
)
def test_a_bucket_that_would_become_another_host_or_path_is_refused(uri: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name of a bucket"):
        Stores().resolve(uri)


def test_a_bucket_with_options_is_told_where_they_go() -> None:
    with pytest.raises(StoreError) as caught:
        Stores().resolve("s3://b?region=r")

    assert str(caught.value) == (
        "s3://b?region=r: 'b?region=r' cannot be the name of a bucket; only --store and --root "
        "take options; correct the URI"
    )


def test_the_root_that_a_pipeline_names_has_no_options() -> None:
    with pytest.raises(StoreError) as caught:
        parse_pipeline_root("s3://b/k?endpoint=http://stranger")

    assert parse_pipeline_root("s3://b/k") == parse_root("s3://b/k")
    assert str(caught.value) == (
        "s3://b/k?endpoint=http://stranger: the root that a pipeline names has options, which only "
        "--root takes; run or compile with --root and this URL"
    )


@pytest.mark.parametrize("url", ["gs://b/what?/k", "s3://b/why?", "memory://m/k?v=1", "/a/b?v=1"])
def test_a_question_mark_in_a_root_need_not_begin_options(url: str) -> None:
    assert parse_root(url) == parse_location(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "s3://b/x?bad=1",
            "s3://b/x: 'bad' is not an option of s3:// URLs; use endpoint, region, disableSSL, "
            "s3ForcePathStyle, profile, anonymous or checksum",
        ),
        (
            "minio://b?endpoint=h:1&regoin=r",
            "minio://b: 'regoin' is not an option of minio:// URLs; use endpoint, region, "
            "disableSSL, s3ForcePathStyle, profile, anonymous or checksum",
        ),
        (
            "gs://b?region=r",
            "gs://b: 'region' is not an option of gs:// URLs; use endpoint or anonymous",
        ),
        (
            "az://c/x?account=a&anonymous",
            "az://c/x: the option 'anonymous' has no value; write anonymous=VALUE",
        ),
    ],
)
def test_an_option_that_a_root_cannot_have_is_refused_by_name(url: str, message: str) -> None:
    for read in (parse_root, Stores, open_store):
        with pytest.raises(StoreError) as caught:
            read(url)

        assert str(caught.value) == message
        assert not caught.value.retryable


def test_an_artifact_may_have_any_query_in_its_key() -> None:
    store, key = Stores("s3://b?region=r").resolve("s3://b/x?bad=1")

    assert (store.url, key) == ("s3://b", "x?bad=1")


def test_a_plain_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert parse_location(".argosy").url == f"{tmp_path}/.argosy"
    assert parse_location(Path("x/../y")).url == f"{tmp_path}/y"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/data/x", "/data/x"),
        ("file:///data/x", "/data/x"),
        ("memory://m/x", "memory://m/x"),
        ("s3://b/x?region=r", "s3://b/x"),
        ("minio://b/x?endpoint=http://127.0.0.1:9", "minio://b/x"),
        ("gs://b/x", "gs://b/x"),
        ("az://c/x?account=a", "az://c/x"),
    ],
)
def test_a_store_of_every_scheme_is_opened_before_anything_is_contacted(
    url: str, shown: str
) -> None:
    with Stores(url) as stores:
        store = stores.open(url)
        resolved, key = stores.resolve(f"{shown}/key")

    assert store.url == shown
    assert f"{resolved.url.rstrip('/')}/{key}" == f"{shown}/key"


@pytest.mark.parametrize("scheme", ["http", "https", "hf", "oci", "pvc", "ftp"])
def test_a_scheme_that_cannot_be_stored_to_is_named(scheme: str) -> None:
    with pytest.raises(StoreError) as caught:
        Stores().resolve(f"{scheme}://host/x")

    assert str(caught.value) == (
        f"{scheme}://host/x: there is no store for the scheme '{scheme}'; use a local path, "
        f"file://, s3://, minio://, gs:// or az://"
    )


@pytest.mark.parametrize("url", ["s3://", "gs:///key", "file://host/a", "file://relative"])
def test_a_url_without_a_place_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="write a"):
        parse_location(url)


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("s3://b/k/?region=r", "s3://b/k/x/y"),
        ("gs://b", "gs://b/x/y"),
        ("/a b", "file:///a b/x/y"),
        ("file:///a", "file:///a/x/y"),
    ],
)
def test_the_uri_of_something_below_a_root_has_no_options(root: str, expected: str) -> None:
    assert join_uri(root, "x", "y") == expected


def test_local_uris_resolve_to_the_same_file_as_their_store(tmp_path: Path) -> None:
    LocalStore(tmp_path).put("a/b", b"x")

    store, key = Stores().resolve(f"file://{tmp_path}/a/b")

    assert store.get(key) == b"x"


def test_memory_stores_are_shared_by_name_in_the_process() -> None:
    open_store("memory://shared-name/x").put("a", b"1")
    store, key = Stores().resolve("memory://shared-name/x/a")

    assert store.get(key) == b"1"
    assert open_store("memory://another-name/x").get("a") is None


def test_one_client_serves_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = Stores("s3://bucket?endpoint=http://127.0.0.1:9")
    found: list[object] = []

    def resolve() -> None:
        found.append(stores.resolve("s3://bucket/a")[0])

    threads = [threading.Thread(target=resolve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(store) for store in found}) == 1
    assert stores.resolve("s3://bucket/b/c")[1] == "b/c"
    assert stores.resolve("s3://other/a")[0] is not found[0]


def test_minio_without_an_endpoint_says_where_to_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(StoreError) as caught:
        open_store("minio://mlpipeline/v2")

    assert str(caught.value) == (
        "minio://mlpipeline: the server is not known; add ?endpoint=http://host:port to the URL of"
        " the root or set AWS_ENDPOINT_URL"
    )


def test_an_option_that_is_no_boolean_is_refused() -> None:
    with pytest.raises(StoreError, match="'maybe' is not a boolean; write true or false"):
        open_store("s3://b?disableSSL=maybe&endpoint=h")
