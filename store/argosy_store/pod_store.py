"""The store of a pod: the URL that its workflow names.

Argo 3.5 to 4.1 hand on the text of a tag whose parameter nobody gave. That text looks like a path,
and a path lies in the container itself: the task would succeed and its records would be lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.pod import (
    ENV_PROVIDERS,
    ENV_STORE,
    ENV_STORE_FROM,
    ENV_STORE_SECRET,
    STORE_PARAMETER,
)
from argosy_store.locations import parse_root
from argosy_store.remote.bucket_access import BucketAccess

if TYPE_CHECKING:
    from argosy_schemas.formats.providers import Provider

_TAG_START = "{{"
_IN_THE_CONTAINER = ("file", "memory")
_PREFIXES = {"s3": "AWS_", "minio": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}
"""How the variables begin that hold the credentials of a scheme."""


def read_pod_store(environment: Mapping[str, str]) -> str:
    """Return the URL of the store in the environment of a container.

    Raises:
        InvalidArgumentError: The workflow names none.
    """
    if ENV_STORE not in environment:
        raise InvalidArgumentError(
            "the object that 'argosy compile --store-from' named is missing in the namespace of "
            f"this pod, or has no key '{ENV_STORE}'; create it"
        )
    url = environment[ENV_STORE]
    if not url or _TAG_START in url:
        raise InvalidArgumentError(
            f"the workflow names no store; submit it with '-p {STORE_PARAMETER}=URL', or compile "
            "it with '--store URL'"
        )
    return url


def read_accesses(environment: Mapping[str, str]) -> tuple[BucketAccess, ...]:
    """Return how the providers in the environment of a container open buckets.

    Raises:
        InvalidArgumentError: The workflow does not hold what the compiler wrote, or a secret is
            missing.
    """
    text = environment.get(ENV_PROVIDERS, "")
    if not text:
        return ()
    from argosy_schemas.formats.providers import name_secret_keys

    providers = _decode_providers(text)
    variables = name_secret_keys(providers)
    for key, variable in variables.items():
        if not environment.get(variable):
            raise InvalidArgumentError(
                f"the secret '{key.secret}' or its key '{key.key}' is missing in the namespace of "
                "this pod; create it, or compile with another '--providers'"
            )
    return tuple(
        BucketAccess(
            scheme=each.scheme,
            bucket=each.bucket,
            prefix=each.prefix,
            options={
                **each.options,
                **{name: environment[variables[key]] for name, key in each.credentials.items()},
            },
        )
        for each in providers
    )


def list_store_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the secrets that the container has its stores and credentials from.

    Raises:
        InvalidArgumentError: The workflow does not hold what the compiler wrote.
    """
    names = {environment.get(name, "") for name in (ENV_STORE_SECRET, ENV_STORE_FROM)}
    text = environment.get(ENV_PROVIDERS, "")
    for provider in _decode_providers(text) if text else ():
        names |= {key.secret for key in provider.credentials.values()}
    return frozenset(names - {""})


def require_secret(environment: Mapping[str, str], url: str) -> None:
    """Check that the secret of the store gave this container credentials.

    Raises:
        InvalidArgumentError: It does not exist, or is a secret for something else.
        StoreError: The URL is malformed.
    """
    name = environment.get(ENV_STORE_SECRET)
    prefix = _PREFIXES.get(parse_root(url).scheme, "")
    if name and not any(variable.startswith(prefix) for variable in environment):
        raise InvalidArgumentError(
            f"the secret '{name}' is missing in the namespace of this pod, or none of its keys "
            f"begins with '{prefix}'; create it, or compile with another '--store-secret'"
        )


def _decode_providers(text: str) -> tuple[Provider, ...]:
    # Most pods have none.
    from argosy_schemas.formats.providers import decode_providers

    try:
        return decode_providers(text)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidArgumentError(
            f"the variable '{ENV_PROVIDERS}' {error}; compile the pipeline again"
        ) from error


def require_remote(url: str) -> None:
    """Check that the store outlives the container.

    Raises:
        InvalidArgumentError: It is a path or in memory.
        StoreError: It is malformed.
    """
    if parse_root(url).scheme in _IN_THE_CONTAINER:
        raise InvalidArgumentError(
            f"the store '{url}' lies in this container and ends with it; name one that all pods "
            "reach: s3://, minio://, gs:// or az://"
        )
