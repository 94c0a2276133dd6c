"""Clients of each remote scheme, from options, environment and files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_schemas.errors import StoreError
from argosy_store.remote.clients import make_client
from argosy_store.stores import open_store
from asked_server import Asked, asked_server
from servers import S3Server

_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_", "STORAGE_EMULATOR_HOST")

SERVICE_ACCOUNT = {
    "type": "service_account",
    "client_email": "argosy@project.iam.gserviceaccount.com",
    "private_key": "unused",
    "private_key_id": "1",
    "disable_oauth": True,
}
"""Asks nobody for a token, and signs nothing; without it the client looks for a cloud to ask."""


@pytest.fixture
def asked() -> Iterator[Asked]:
    with asked_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def config_of(scheme: str, options: Mapping[str, str], environment: Mapping[str, str]) -> Any:
    client: Any = make_client(scheme, "data", options, environment)
    return client.config


@pytest.mark.parametrize("options", [{}, {"anonymous": "true"}, {"endpoint": "http://127.0.0.1:9"}])
@pytest.mark.parametrize("scheme", ["s3", "minio", "gs", "az"])
def test_a_client_of_every_scheme_is_made_without_a_network(
    scheme: str, options: Mapping[str, str]
) -> None:
    needed = {"minio": {"endpoint": "http://127.0.0.1:9"}, "az": {"account": "a"}}

    client = make_client(scheme, "data", {**needed.get(scheme, {}), **options}, {})

    kind = {"gs": "GCSStore", "az": "AzureStore"}.get(scheme, "S3Store")
    assert type(client).__name__ == kind


@pytest.mark.parametrize("checksum", ["sha256", "CRC64NVME"])
def test_uploads_carry_the_checksum_that_the_url_asks_for(
    checksum: str, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"s3://data?endpoint={asked.url}&anonymous=true&checksum={checksum}"

    with pytest.raises(StoreError):
        open_store(url).put("key", b"x")

    (headers,) = asked.headers
    assert f"x-amz-checksum-{checksum.lower()}" in headers


def test_a_checksum_that_nobody_knows_is_refused() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("s3://data?checksum=md5")

    assert str(caught.value) == ("s3://data: 'md5' is not a checksum; write sha256 or crc64nvme")


def test_certificates_that_are_not_there_are_told_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/argosy/ca/ca.crt")

    with pytest.raises(StoreError) as caught:
        open_store("s3://data/root")

    assert str(caught.value) == (
        "the certificates in '/argosy/ca/ca.crt', which AWS_CA_BUNDLE names, cannot be read: No "
        "such file or directory; create the file, or on a cluster what '--ca-bundle' names"
    )


def test_google_takes_its_endpoint_from_the_url_before_the_emulators_variable() -> None:
    environment = {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}

    assert config_of("gs", {}, environment)["base_url"] == "http://127.0.0.1:9"
    chosen = config_of("gs", {"endpoint": "http://127.0.0.1:8"}, environment)
    assert chosen["base_url"] == "http://127.0.0.1:8"


def test_google_signs_with_the_token_of_the_environment(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "token")

    assert not open_store(f"gs://data/root?endpoint={asked.url}").exists("key")

    assert asked.requests == [("HEAD", "/data/root%2Fkey", "Bearer token")]


@pytest.mark.parametrize("variable", ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"])
def test_google_signs_with_a_file_that_the_environment_names(
    variable: str, asked: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "account.json").write_text(json.dumps(SERVICE_ACCOUNT))
    monkeypatch.setenv(variable, str(tmp_path / "account.json"))

    assert not open_store(f"gs://data/root?endpoint={asked.url}").exists("key")

    assert asked.requests == [("HEAD", "/data/root%2Fkey", "")]


def test_google_signs_with_a_key_in_the_environment(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(SERVICE_ACCOUNT))

    assert not open_store(f"gs://data/root?endpoint={asked.url}").exists("key")

    assert asked.requests == [("HEAD", "/data/root%2Fkey", "")]


@pytest.mark.parametrize("variable", ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT"])
def test_a_file_of_credentials_that_is_not_there_is_told_with_the_bucket(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "none.json"))

    with pytest.raises(StoreError) as caught:
        open_store("gs://data/root")

    assert str(caught.value).startswith("gs://data: the client cannot be set up (")
    assert str(tmp_path / "none.json") in str(caught.value)
    assert "correct the options of the URL or the environment" in str(caught.value)


@pytest.mark.parametrize(
    ("option", "environment"),
    [
        ("account=acme&", {}),
        ("", {"AZURE_STORAGE_ACCOUNT": "acme"}),
        ("", {"AZURE_STORAGE_ACCOUNT_NAME": "acme"}),
        ("account=acme&", {"AZURE_STORAGE_ACCOUNT_NAME": "another"}),
    ],
)
def test_azure_signs_for_the_account_of_the_url_or_of_the_environment(
    option: str, environment: Mapping[str, str], asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")

    assert not open_store(f"az://data/root?{option}endpoint={asked.url}").exists("key")

    ((method, path, signature),) = asked.requests
    assert (method, path) == ("HEAD", "/data/root/key")
    assert signature.startswith("SharedKey acme:")


def test_azure_without_an_account_says_where_to_give_it() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("az://data/root")

    assert str(caught.value) == (
        "az://data: the account is not known; add ?account=NAME to the URL of the root or set "
        "AZURE_STORAGE_ACCOUNT_NAME"
    )


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("gs://data/root?endpoint=http://127.0.0.1:1", "GOOGLE_BEARER_TOKEN"),
        ("az://data/root?account=a&endpoint=http://127.0.0.1:1/a", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_a_server_that_nobody_runs_is_told(
    url: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "a2V5")

    with pytest.raises(StoreError) as caught:
        open_store(url).get("key")

    assert str(caught.value) == (
        f"{url[:2]}://data/root/key: http://127.0.0.1:1 cannot be reached (the connection was "
        f"refused); check the endpoint"
    )
    assert caught.value.retryable


def test_google_urls_hold_objects(
    moto: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The client speaks Google's XML interface, whose objects are read and written as S3's are."""
    moto.client().create_bucket(Bucket="googledata")
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "token")
    store = open_store(f"gs://googledata/root?endpoint={moto.endpoint}")
    (tmp_path / "big").write_bytes(b"0123456789abcdef" * 1_000_000)

    store.put("a b/x?%41 é", b"content")
    store.put_file("a b/big", tmp_path / "big")
    info = store.head("a b/big")
    assert info is not None
    store.get_file(info, tmp_path / "copy")
    store.put("gone", b"")
    store.delete("gone")

    assert store.get("a b/x?%41 é") == b"content"
    assert store.get("gone") is None
    assert [info.key for info in store.list()] == ["a b/big", "a b/x?%41 é"]
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "big").read_bytes()
