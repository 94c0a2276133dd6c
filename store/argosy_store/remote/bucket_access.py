"""How a bucket is opened, where an operator has configured it: options and credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from argosy_store.locations import Location

CREDENTIALS: Final = frozenset({"access_key_id", "secret_access_key", "service_account_key"})
"""The options that no URL has: only the providers of an operator give them."""
_UNSIGNED: Final[Mapping[str, str]] = {"anonymous": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAccess:
    """The options of one bucket, or of the buckets of roots."""

    scheme: str
    bucket: str = ""
    """Empty: the default of the scheme."""
    prefix: str = ""
    options: Mapping[str, str]

    def names(self, location: Location) -> bool:
        """Return whether this is about the bucket of ``location``, and about its key."""
        place = Location(scheme=self.scheme, bucket=self.bucket, key=self.prefix)
        return place.contains(location)


def find_options(
    location: Location,
    *,
    roots: Sequence[Location],
    accesses: Sequence[BucketAccess],
    in_pod: bool,
) -> Mapping[str, str]:
    """Return the options that a location is opened with.

    The first of these decides: the options in the URL of a root in the same bucket; the first
    access that names the location; the default of the scheme, for the bucket of a root. In a pod
    all other buckets are read without credentials, since a pipeline or a component chose them.
    """
    same = [
        each for each in roots if (each.scheme, each.bucket) == (location.scheme, location.bucket)
    ]
    in_url = next((each.options for each in reversed(same) if each.options), None)
    if in_url is not None:
        return in_url
    named = next((each.options for each in accesses if each.names(location)), None)
    if named is not None:
        return named
    nothing: Mapping[str, str] = {}
    defaults = (each for each in accesses if each.scheme == location.scheme and not each.bucket)
    default = next((each.options for each in defaults), nothing)
    if same or not in_pod:
        return default
    public = {name: value for name, value in default.items() if name not in CREDENTIALS}
    return {**public, **_UNSIGNED}
