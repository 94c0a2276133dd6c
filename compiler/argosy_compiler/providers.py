"""Read the providers of object stores, in the format of KFP's ConfigMap ``kfp-launcher``.

An override names one bucket, or a part of it, and takes from the default of its scheme what it does
not set. Names of members are taken in any case, as KFP does. Two things differ, since pipelines and
components choose the URIs of artifacts: the default is used for the buckets of the store and of the
pipeline root only, and a bucket without an override is read without credentials.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

from argosy_compiler.argo.cluster_names import is_key, is_subdomain
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.providers import Provider, SecretKey
from argosy_schemas.reading.yaml_values import Refusal, UnreadableTextError, load_yaml
from argosy_schemas.values import JsonValue

_SCHEMES: Final = ("s3", "minio", "gs")
_SETTINGS: Final = {
    "endpoint": "endpoint",
    "region": "region",
    "disablessl": "disable_ssl",
    "forcepathstyle": "path_style",
    "maxretries": None,
}
"""Member, in lower case, to our name of the option; ``None``: taken and not used."""
_S3_KEYS: Final = {"accesskeykey": "access_key_id", "secretkeykey": "secret_access_key"}
_GOOGLE_KEYS: Final = {"tokenkey": "service_account_key"}
_AMAZON: Final = re.compile(r"(https://)?s3\.amazonaws\.com/?")

_Members = Mapping[str, object]


def parse_providers(text: str, *, name: str) -> tuple[Provider, ...]:
    """Return the providers in a file: those of a ConfigMap, or their mapping itself.

    Args:
        text: YAML or JSON.
        name: Names the file in messages.

    Raises:
        InvalidArgumentError: The text is something else.
    """
    return tuple(_list_providers(_Place(name, _find_mapping(text, name))))


def _find_mapping(text: str, name: str) -> object:
    """Return the mapping of schemes: it may be text inside a ConfigMap, or a member."""
    document = _load(text, name)
    for member in ("data", "providers"):
        if isinstance(document, Mapping) and member in document:
            document = document[member]
    return _load(document, name) if isinstance(document, str) else document


def _load(text: str, name: str) -> JsonValue:
    refusals: list[Refusal] = []
    try:
        documents = load_yaml(text, refusals)
    except UnreadableTextError as error:
        raise InvalidArgumentError(f"--providers {name}: {error}") from error
    if refusals:
        raise InvalidArgumentError(
            f"--providers {name}: line {refusals[0].line}: {refusals[0].message}"
        )
    if len(documents) != 1:
        raise InvalidArgumentError(f"--providers {name}: has {len(documents)} documents; write one")
    return documents[0]


class _Place:
    """A member of the document, which says where it is when it is wrong."""

    def __init__(self, path: str, value: object) -> None:
        self.path = path
        self.value = value

    def refuse(self, problem: str) -> InvalidArgumentError:
        return InvalidArgumentError(f"--providers {self.path}: {problem}")

    def members(self, known: Callable[[str], bool], *, what: str) -> dict[str, _Place]:
        """Return the members by their names in lower case; each has to be known."""
        value = self.value
        if not isinstance(value, Mapping):
            raise self.refuse(f"is not a mapping; write {what}")
        members = cast("_Members", value)
        for name in members:
            if not known(name.lower()):
                raise self.refuse(f"'{name}' is not known; write {what}")
        return {
            name.lower(): _Place(f"{self.path}.{name}", value) for name, value in members.items()
        }

    def items(self) -> Iterator[_Place]:
        value = self.value
        if not isinstance(value, list):
            raise self.refuse("is not a list; write one")
        for index, item in enumerate(cast("Sequence[object]", value)):
            yield _Place(f"{self.path}[{index}]", item)

    def text(self) -> str:
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if not isinstance(self.value, str | int) or self.value == "":
            raise self.refuse("is empty or not text; write text")
        return str(self.value)


def _list_providers(document: _Place) -> Iterator[Provider]:
    schemes = document.members(_SCHEMES.__contains__, what="s3, minio or gs")
    for scheme, place in schemes.items():
        members = place.members({"default", "overrides"}.__contains__, what="default or overrides")
        default = Provider(scheme=scheme)
        if "default" in members:
            default = _read(members["default"], default, is_override=False)
        if "overrides" in members:
            for each in members["overrides"].items():
                yield _read(each, default, is_override=True)
        yield default


def _read(place: _Place, default: Provider, *, is_override: bool) -> Provider:
    known = {*_SETTINGS, "credentials", *(("bucketname", "keyprefix") if is_override else ())}
    members = place.members(
        known.__contains__,
        what="endpoint, region, disableSSL, forcePathStyle, maxRetries or credentials"
        + (", bucketName or keyPrefix" if is_override else ""),
    )
    if is_override and "bucketname" not in members:
        raise place.refuse("has no bucketName; write one")
    options = {
        option: members[name].text()
        for name, option in _SETTINGS.items()
        if option is not None and name in members
    }
    if "endpoint" in options and _AMAZON.fullmatch(options["endpoint"]):
        # Each region has an endpoint of its own.
        region = options.get("region") or default.options.get("region") or "us-east-1"
        options["endpoint"] = f"https://s3.{region}.amazonaws.com"
    credentials = default.credentials
    if "credentials" in members:
        credentials = _read_credentials(members["credentials"], default.scheme)
    return Provider(
        scheme=default.scheme,
        bucket=members["bucketname"].text() if "bucketname" in members else "",
        prefix=members["keyprefix"].text().strip("/") if "keyprefix" in members else "",
        options={**default.options, **options},
        credentials=credentials,
    )


def _read_credentials(place: _Place, scheme: str) -> Mapping[str, SecretKey]:
    members = place.members({"fromenv", "secretref"}.__contains__, what="fromEnv or secretRef")
    if "fromenv" in members and members["fromenv"].text() == "true":
        return {}
    if "secretref" not in members:
        raise place.refuse("has no secretRef; write one, or fromEnv: true")
    keys = _GOOGLE_KEYS if scheme == "gs" else _S3_KEYS
    what = "secretName, tokenKey" if scheme == "gs" else "secretName, accessKeyKey, secretKeyKey"
    secret = members["secretref"].members({"secretname", *keys}.__contains__, what=what)
    missing = [name for name in ("secretname", *keys) if name not in secret]
    if missing:
        raise members["secretref"].refuse(f"is not complete; write {what}")
    name = secret["secretname"].text()
    if not is_subdomain(name):
        raise secret["secretname"].refuse(f"'{name}' is not a valid name of a secret; correct it")
    for member in keys:
        if not is_key(secret[member].text()):
            raise secret[member].refuse("is not a valid key of a secret; correct it")
    return {
        option: SecretKey(secret=name, key=secret[member].text()) for member, option in keys.items()
    }
