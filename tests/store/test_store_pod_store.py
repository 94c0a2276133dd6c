"""A pod says what is missing of its store before it does anything."""

from __future__ import annotations

import pytest

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.providers import Provider, SecretKey, encode_providers
from argosy_schemas.pod import ENV_PROVIDERS, ENV_STORE, ENV_STORE_FROM, ENV_STORE_SECRET
from argosy_store.pod_store import (
    list_store_secrets,
    read_pod_store,
    require_remote,
    require_secret,
)


def test_the_store_is_the_one_that_the_workflow_names() -> None:
    assert read_pod_store({ENV_STORE: "s3://bucket/argosy"}) == "s3://bucket/argosy"


@pytest.mark.parametrize("url", ["", "{{=workflow.parameters['argosy-store']}}"])
def test_a_workflow_without_a_store_says_how_to_name_one(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="submit it with '-p argosy-store=URL', or"):
        read_pod_store({ENV_STORE: url})


@pytest.mark.parametrize("url", ["/data/argosy", "file:///data/argosy", "memory://store"])
def test_a_store_in_the_container_is_refused(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="lies in this container and ends with it"):
        require_remote(url)


@pytest.mark.parametrize("url", ["s3://bucket/argosy", "gs://bucket", "az://c?account=a"])
def test_a_store_that_all_pods_reach_is_taken(url: str) -> None:
    require_remote(url)


def test_a_secret_that_gave_no_credentials_is_named() -> None:
    environment = {ENV_STORE_SECRET: "argosy-store", "GOOGLE_APPLICATION_CREDENTIALS": "/key"}

    require_secret(environment, "gs://bucket")
    require_secret({}, "s3://bucket")
    with pytest.raises(InvalidArgumentError, match=r"'argosy-store' is missing .* with 'AWS_'"):
        require_secret(environment, "s3://bucket")


def test_the_secrets_of_the_store_are_those_of_its_url_its_keys_and_its_providers() -> None:
    provider = Provider(scheme="gs", credentials={"key": SecretKey(secret="gcs", key="k")})
    environment = {
        ENV_STORE_SECRET: "keys",
        ENV_STORE_FROM: "place",
        ENV_PROVIDERS: encode_providers((provider,)),
    }

    assert list_store_secrets(environment) == {"keys", "place", "gcs"}
    assert list_store_secrets({}) == set()
