"""Make clients of obstore from the options of a URL and from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from argosy_schemas.errors import StoreError
from argosy_store.remote.aws_profile import read_profile_settings

if TYPE_CHECKING:
    # These types exist in the stubs only, not at run time.
    from obstore.store import (
        AzureConfig,
        ClientConfig,
        GCSConfig,
        RetryConfig,
        S3Config,
        S3Credential,
    )
    from obstore.store import ObjectStore as Client

# A refused connection is an error within two seconds, a silent host within half a minute; callers
# that want to wait longer use RetryingStore. The client itself retries single requests, such as one
# part of a big file.
_RETRIES: Final[RetryConfig] = {
    "max_retries": 3,
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=1),
        "base": 2,
    },
    "retry_timeout": timedelta(seconds=60),
}

_CHECKSUMS: Final = ("sha256", "crc64nvme")
_TRUE: Final = ("true", "1", "yes")
_FALSE: Final = ("false", "0", "no")


def make_client(
    scheme: str,
    bucket: str,
    options: Mapping[str, str],
    environment: Mapping[str, str] = os.environ,
) -> Client:
    """Return a client of a bucket without connecting to it.

    Args:
        scheme: ``s3``, ``minio``, ``gs`` or ``az``.
        bucket: The bucket, or for ``az`` the container.
        options: The options of the URL, by our names, or those of a provider, see
            :mod:`argosy_store.remote.bucket_access`.
        environment: Holds the other settings; the client itself reads ``os.environ``.

    Raises:
        StoreError: The options or the environment are invalid.
    """
    from obstore.exceptions import BaseError

    url = f"{scheme}://{bucket}"
    try:
        if scheme == "gs":
            return _google(bucket, options, environment)
        if scheme == "az":
            return _azure(bucket, options, environment)
        return _s3(url, bucket, options, environment)
    except (BaseError, ValueError, OSError) as error:
        what = str(error).partition("\n")[0]
        raise StoreError(
            f"{url}: the client cannot be set up ({what}); correct the options of the URL or the "
            f"environment",
            retryable=False,
        ) from error


def is_unsigned(options: Mapping[str, str]) -> bool:
    """Return whether a client with these options sends no credentials."""
    return options.get("anonymous", "").lower() in _TRUE


def _s3(
    url: str, bucket: str, options: Mapping[str, str], environment: Mapping[str, str]
) -> Client:
    from obstore.store import S3Store

    anonymous = _flag(url, options, "anonymous", default=False)
    settings: dict[str, str] = {}
    has_keys = "access_key_id" in options
    if not anonymous and not has_keys:
        settings = read_profile_settings(options.get("profile"), environment)
    endpoint = (
        options.get("endpoint")
        or environment.get("AWS_ENDPOINT_URL_S3")
        or environment.get("AWS_ENDPOINT_URL")
        or environment.get("AWS_ENDPOINT")
        or settings.get("endpoint")
    )
    if endpoint is None and url.startswith("minio:"):
        raise StoreError(
            f"{url}: the server is not known; add ?endpoint=http://host:port to the URL of the "
            f"root or set AWS_ENDPOINT_URL",
            retryable=False,
        )
    config: S3Config = {}
    if "access_key_id" in settings:
        config["access_key_id"] = settings["access_key_id"]
    if "secret_access_key" in settings:
        config["secret_access_key"] = settings["secret_access_key"]
    if "session_token" in settings:
        config["session_token"] = settings["session_token"]
    in_environment = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    config["region"] = (
        options.get("region") or in_environment or settings.get("region") or "us-east-1"
    )
    if anonymous:
        config["skip_signature"] = True
    if checksum := options.get("checksum"):
        if checksum.lower() not in _CHECKSUMS:
            raise StoreError(
                f"{url}: '{checksum}' is not a checksum; write {' or '.join(_CHECKSUMS)}",
                retryable=False,
            )
        config["checksum_algorithm"] = checksum.lower()
    path_style = _flag(url, options, "path_style", default=True)
    config["virtual_hosted_style_request"] = not path_style
    if endpoint is not None:
        plain = _flag(url, options, "disable_ssl", default=False)
        config["endpoint"] = _endpoint(endpoint, plain=plain, host=None if path_style else bucket)
    keys: S3Credential | None = None
    if has_keys:
        keys = {
            "access_key_id": options["access_key_id"],
            "secret_access_key": options["secret_access_key"],
            "token": None,
            "expires_at": None,
        }
    return S3Store(
        bucket,
        config=config,
        # Unlike the configuration it takes nothing from the environment, e.g. its session token.
        credential_provider=None if keys is None else lambda: keys,
        client_options=_client_options(environment, config.get("endpoint")),
        retry_config=_RETRIES,
    )


def _google(bucket: str, options: Mapping[str, str], environment: Mapping[str, str]) -> Client:
    from obstore.store import GCSStore

    config: GCSConfig = {}
    # Google's own libraries read the variable.
    endpoint = options.get("endpoint") or environment.get("STORAGE_EMULATOR_HOST")
    if endpoint:
        endpoint = _endpoint(endpoint, plain=False, host=None)
        config["base_url"] = endpoint
    if _flag(f"gs://{bucket}", options, "anonymous", default=False):
        config["skip_signature"] = True
    elif "service_account_key" in options:
        config["service_account_key"] = options["service_account_key"]
    return GCSStore(
        bucket,
        config=config,
        client_options=_client_options(environment, endpoint),
        retry_config=_RETRIES,
    )


def _azure(container: str, options: Mapping[str, str], environment: Mapping[str, str]) -> Client:
    from obstore.store import AzureStore

    config: AzureConfig = {}
    if account := options.get("account") or environment.get("AZURE_STORAGE_ACCOUNT"):
        config["account_name"] = account
    elif not environment.get("AZURE_STORAGE_ACCOUNT_NAME"):
        raise StoreError(
            f"az://{container}: the account is not known; add ?account=NAME to the URL of the root "
            f"or set AZURE_STORAGE_ACCOUNT_NAME",
            retryable=False,
        )
    endpoint = options.get("endpoint") or environment.get("AZURE_STORAGE_ENDPOINT")
    if endpoint:
        endpoint = _endpoint(endpoint, plain=False, host=None)
        config["endpoint"] = endpoint
    if _flag(f"az://{container}", options, "anonymous", default=False):
        config["skip_signature"] = True
    return AzureStore(
        container,
        config=config,
        client_options=_client_options(environment, endpoint),
        retry_config=_RETRIES,
    )


def _client_options(environment: Mapping[str, str], endpoint: str | None) -> ClientConfig:
    found: ClientConfig = {
        "connect_timeout": timedelta(seconds=4),
        # For one request, so for one part; the client's 30 s are too short on a slow line.
        "timeout": timedelta(minutes=5),
        "read_timeout": timedelta(seconds=60),
    }
    if endpoint is not None and endpoint.startswith("http://"):
        found["allow_http"] = True
    if bundle := environment.get("AWS_CA_BUNDLE"):
        try:
            found["root_certificate"] = Path(bundle).read_bytes()
        except OSError as error:
            raise StoreError(
                f"the certificates in '{bundle}', which AWS_CA_BUNDLE names, cannot be read: "
                f"{error.strerror}; create the file, or on a cluster what '--ca-bundle' names",
                retryable=False,
            ) from error
    return found


def _endpoint(endpoint: str, *, plain: bool, host: str | None) -> str:
    scheme, separator, rest = endpoint.rpartition("://")
    if not separator:
        scheme = "http" if plain else "https"
    return f"{scheme}://{rest if host is None else f'{host}.{rest}'}".rstrip("/")


def _flag(url: str, options: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = options.get(name)
    if text is None:
        return default
    if text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    raise StoreError(f"{url}: '{text}' is not a boolean; write true or false", retryable=False)
