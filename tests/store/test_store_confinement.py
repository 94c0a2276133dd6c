"""What a pod opens for an artifact URI, which a pipeline or a component chose."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_schemas.formats.providers import Provider, SecretKey, encode_providers
from argosy_store.pod_store import read_accesses
from argosy_store.remote.bucket_access import BucketAccess
from argosy_store.stores import Stores
from argosy_store.transfer import download, inspect_content
from asked_server import Asked, asked_server
from servers import ACCESS_KEY, SECRET_KEY, S3Server


@pytest.fixture
def default_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """The endpoint of the environment, with credentials for it."""
    with asked_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-run")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-run")
        yield server


@pytest.fixture
def stranger() -> Iterator[Asked]:
    with asked_server() as server:
        yield server


@pytest.mark.parametrize("in_pod", [True, False])
def test_an_artifact_uri_sends_no_request_where_it_says(
    in_pod: bool, default_endpoint: Asked, stranger: Asked
) -> None:
    stores = Stores("s3://own/root", in_pod=in_pod, patience_seconds=0)

    for bucket in ("own", "other"):
        options = f"endpoint=127.0.0.1:{stranger.server_port}&disableSSL=true"
        store, key = stores.resolve(f"s3://{bucket}/k?{options}")
        assert not store.exists(key)

    assert stranger.requests == []
    assert default_endpoint.requests[0][1].startswith("/own/k%3Fendpoint%3D")


def test_a_pod_signs_requests_to_the_buckets_of_its_roots_only(default_endpoint: Asked) -> None:
    stores = Stores("s3://store/argosy", "s3://own/root", in_pod=True, patience_seconds=0)
    buckets = ("store", "own", "pipelines", "other")
    stores.add_root("s3://pipelines/root")

    for bucket in buckets:
        assert not stores.resolve(f"s3://{bucket}/k")[0].exists("k")

    signed = {path.split("/")[1]: bool(auth) for _, path, auth in default_endpoint.requests}
    assert signed == {"store": True, "own": True, "pipelines": True, "other": False}


def test_a_laptop_signs_all_requests_since_they_are_the_users_own(default_endpoint: Asked) -> None:
    stores = Stores("s3://own/root", patience_seconds=0)

    assert not stores.resolve("s3://other/k")[0].exists("k")

    ((_, _, signature),) = default_endpoint.requests
    assert "Credential=key-of-the-run/" in signature


def test_a_bucket_that_becomes_a_root_is_opened_with_the_credentials(
    default_endpoint: Asked,
) -> None:
    stores = Stores("s3://own/root", in_pod=True, patience_seconds=0)
    stores.resolve("s3://other/k")[0].exists("k")

    stores.add_root("s3://other/root")
    stores.resolve("s3://other/k")[0].exists("k")

    assert [bool(signature) for _, _, signature in default_endpoint.requests] == [False, True]


PROVIDERS = (
    Provider(
        scheme="s3",
        bucket="named",
        prefix="team/a",
        credentials={
            "access_key_id": SecretKey(secret="s", key="id"),
            "secret_access_key": SecretKey(secret="s", key="key"),
        },
    ),
    Provider(scheme="s3", options={"region": "eu-central-1"}),
)
VARIABLES = {
    "ARGOSY_PROVIDERS": encode_providers(PROVIDERS),
    "ARGOSY_CREDENTIAL_0": "key-of-the-provider",
    "ARGOSY_CREDENTIAL_1": "secret-of-the-provider",
}


def test_a_pod_signs_requests_to_buckets_that_the_providers_name(
    default_endpoint: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It belongs to the key of the environment.
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-run")
    stores = Stores(
        "s3://own/root", accesses=read_accesses(VARIABLES), in_pod=True, patience_seconds=0
    )

    for uri in ("own/k", "named/team/a/k", "named/team/ab/k", "other/k"):
        store, key = stores.resolve(f"s3://{uri}")
        assert not store.exists(key)

    signed = {path: signature for _, path, signature in default_endpoint.requests}
    assert "Credential=key-of-the-run/" in signed["/own/k"]
    assert "/eu-central-1/s3/" in signed["/own/k"]
    assert "Credential=key-of-the-provider/" in signed["/named/team/a/k"]
    assert "x-amz-security-token" not in signed["/named/team/a/k"]
    assert (signed["/named/team/ab/k"], signed["/other/k"]) == ("", "")


def test_the_options_in_the_url_of_a_root_take_precedence_over_providers(
    default_endpoint: Asked, stranger: Asked
) -> None:
    root = f"s3://named/team/a?endpoint={stranger.url}"
    stores = Stores(root, accesses=read_accesses(VARIABLES), in_pod=True, patience_seconds=0)

    assert not stores.open(root).exists("k")

    ((_, path, signature),) = stranger.requests
    assert path == "/named/team/a/k"
    assert "Credential=key-of-the-run/" in signature
    assert default_endpoint.requests == []


def test_a_secret_that_a_provider_needs_and_that_is_missing_is_named() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_accesses({name: VARIABLES[name] for name in ("ARGOSY_PROVIDERS",)})

    assert str(caught.value) == (
        "the secret 's' or its key 'id' is missing in the namespace of this pod; create it, or "
        "compile with another '--providers'"
    )


def test_a_server_that_checks_signatures_knows_the_provider(
    seaweed: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = f"b-{uuid.uuid4().hex}"
    seaweed.client().create_bucket(Bucket=bucket)
    seaweed.client().put_object(Bucket=bucket, Key="k", Body=b"x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    options = {"endpoint": seaweed.endpoint, "access_key_id": ACCESS_KEY}
    access = BucketAccess(
        scheme="s3", bucket=bucket, options={**options, "secret_access_key": SECRET_KEY}
    )
    default = BucketAccess(scheme="s3", options={"endpoint": seaweed.endpoint})

    named = Stores("s3://own", accesses=(access,), in_pod=True, patience_seconds=0)
    foreign = Stores("s3://own", accesses=(default,), in_pod=True, patience_seconds=0)

    assert named.resolve(f"s3://{bucket}/k")[0].get("k") == b"x"
    with pytest.raises(StoreError) as caught:
        foreign.resolve(f"s3://{bucket}/k")[0].get("k")
    assert str(caught.value) == (
        f"s3://{bucket}/k: {seaweed.endpoint} does not let everybody read it, and the request had "
        "no credentials; name the bucket in the file of 'argosy compile --providers', or leave out "
        "?anonymous=true"
    )


@pytest.mark.parametrize(
    "uri",
    ["file:///proc/self/environ", "/etc/passwd", "etc/passwd", "file://localhost/x", "memory://m"],
)
def test_a_pod_reads_no_artifact_of_its_own_container(uri: str, tmp_path: Path) -> None:
    stores = Stores("s3://own/root?region=r", in_pod=True)

    with pytest.raises(StoreError) as caught:
        download(stores, uri, tmp_path / "out")

    assert str(caught.value) == (
        f"{uri}: this names something in the pod itself, which is not read there; store the "
        "artifact in a bucket and use its s3://, minio://, gs:// or az:// URI"
    )
    assert not caught.value.retryable
    assert list(tmp_path.iterdir()) == []


def test_a_local_root_is_as_far_as_a_pod_reads_files(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a").write_bytes(b"1")
    (tmp_path / "root2").write_bytes(b"2")
    stores = Stores(tmp_path / "root", in_pod=True)

    assert inspect_content(stores, f"file://{tmp_path}/root/a").files == 1
    for outside in ("root2", "root/../root2", ""):
        with pytest.raises(StoreError):
            inspect_content(stores, f"file://{tmp_path}/{outside}")


def test_a_whole_store_may_be_the_root() -> None:
    stores = Stores("memory://all-of-it", in_pod=True)

    assert stores.is_shared("memory://all-of-it/k")
    assert not stores.is_shared("memory://another/k")


def test_a_public_object_of_another_bucket_can_be_read_in_a_pod(
    moto: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    client = moto.client()
    client.create_bucket(Bucket="public-data")
    client.put_object(Bucket="public-data", Key="k", Body=b"for everybody", ACL="public-read")

    download(Stores("s3://own/root", in_pod=True), "s3://public-data/k", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"for everybody"
