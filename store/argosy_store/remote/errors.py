"""Explain an error of an object store in one sentence that says what to do."""

from __future__ import annotations

import os
import re
from typing import Final

from argosy_schemas.errors import StoreError
from argosy_schemas.message_text import truncate

_LONGEST: Final = 300

_MISSING_BUCKET: Final = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"})
_WRONG_CREDENTIALS: Final = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "InvalidSecurity",
        "NoAuthenticationInformation",
    }
)
_WRONG_REGION: Final = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_FULL: Final = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"})
_EXPIRED: Final = frozenset({"ExpiredToken", "RequestExpired", "TokenRefreshRequired"})
_TEMPORARY: Final = frozenset(
    {
        "InternalError",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "TooManyRequests",
        "ServerBusy",
        "OperationTimedOut",
        # 400: the connection stood still, or the bytes were damaged on the way.
        "RequestTimeout",
        "IncompleteBody",
        "BadDigest",
        "XAmzContentSHA256Mismatch",
        # 409: another request works on the same object or bucket.
        "OperationAborted",
        "ConditionalRequestConflict",
    }
)
"""Worth another try whatever the status of the answer: S3 may say them with 200 as well."""
_WRONG_CLOCK: Final = "RequestTimeTooSkewed"
_OTHER_REFUSALS: Final = (
    _MISSING_BUCKET | _EXPIRED | _TEMPORARY | _WRONG_CREDENTIALS | _WRONG_REGION | {_WRONG_CLOCK}
)
"""Say more than that a right is missing, though the status may be 403."""
_UNREADABLE: Final = (
    "ETag Header missing",
    "Got invalid multipart response",
    "Got invalid DeleteObjects response",
    "Got invalid list response",
)
"""A part of the client's text about an answer of 200 that is none: S3 says errors so too, and the
client does not show which."""

_CREDENTIAL_SERVICES: Final = (
    "://169.254.169.254",
    "://169.254.170.2",
    "://[fd00:ec2::254]",
    "://metadata.google",
    # Paths on the host that AWS_METADATA_ENDPOINT names.
    "/latest/api/token",
    "/latest/meta-data/",
)

_REASONS: Final = (
    ("Connection refused", "the connection was refused"),
    ("dns error", "its host is unknown"),
    ("failed to lookup address", "its host is unknown"),
    ("InvalidCertificate", "its certificate is not trusted, see AWS_CA_BUNDLE"),
    ("InvalidMessage", "it does not speak TLS, see disableSSL"),
    ("TimedOut", "it did not answer in time"),
    ("timed out", "it did not answer in time"),
    ("unreachable", "there is no route to it"),
    ("onnection reset", "it closed the connection"),
    ("onnection closed", "it closed the connection"),
    ("IncompleteMessage", "it closed the connection"),
)
"""A part of the client's text, to the reason in words; only its debugging part has the reason."""


def is_missing_object(error: Exception) -> bool:
    """Return whether a "not found" error means the object, not its bucket."""
    return _code(str(error)) not in _MISSING_BUCKET


def make_remote_error(
    url: str, key: str, action: str, error: Exception, *, unsigned: bool = False
) -> StoreError:
    """Return the :class:`StoreError` for an error of the client.

    Args:
        url: The bucket.
        key: The object or prefix.
        action: What was tried, a verb, e.g. ``read``.
        error: The error of the client.
        unsigned: Whether the request had no credentials.
    """
    text = str(error)
    message, retryable = _explain(url, action, text)
    denied = _is_denied(text)
    if unsigned and not retryable and _status(text) in (401, 403):
        denied = False
        message = (
            f"{_server(text)} does not let everybody {action} it, and the request had no "
            "credentials; name the bucket in the file of 'argosy compile --providers', or leave "
            "out ?anonymous=true"
        )
    where = f"{url}/{key}" if key else url
    return StoreError(f"{where}: {message}", retryable=retryable, denied=denied)


def _explain(url: str, action: str, text: str) -> tuple[str, bool]:
    code = _code(text)
    status = _status(text)
    server = _server(text)
    if any(service in text for service in _CREDENTIAL_SERVICES):
        # In a cluster the credential service exists, and may be late. Elsewhere it never answers.
        in_cluster = "KUBERNETES_SERVICE_HOST" in os.environ
        return f"there are no credentials to {action} it; {_how_to_sign_in(url)}", in_cluster
    if code in _MISSING_BUCKET:
        return f"there is no such bucket at {server}; create it or correct the URL", False
    if code in _EXPIRED:
        return f"the credentials have expired; {_how_to_sign_in(url)}", True
    if code == _WRONG_CLOCK:
        # A request that waited long is signed anew; another node may have a better clock.
        return (
            f"{server} refused the request for its time; set the clock of this machine by NTP",
            True,
        )
    if code in _TEMPORARY:
        return f"{server} could not {action} it: {_summary(text)}; check its log", True
    if code in _WRONG_CREDENTIALS or status == 401:
        return f"{server} refused the credentials ({code or status}); {_how_to_sign_in(url)}", False
    if code in _WRONG_REGION or status == 301:
        return "the bucket is in another region; add ?region=NAME to the URL of the root", False
    if _is_denied(text):
        return (
            f"{server} does not let these credentials {action} it ({code or status}); check the "
            "credentials and their permissions",
            False,
        )
    if code in _FULL or status == 507:
        return f"{server} has no space left ({code or status}); free some", False
    if any(part in text for part in _UNREADABLE):
        return f"{server} sent an answer that S3 does not: {_summary(text)}; check its log", True
    if status is not None:
        is_temporary = status >= 500 or status in (408, 429)
        return f"{server} could not {action} it: {_summary(text)}; check its log", is_temporary
    reason = next((say for part, say in _REASONS if part in text), None)
    if reason is not None or "error sending request" in text:
        return f"{server} cannot be reached ({reason or _summary(text)}); check the endpoint", True
    return f"could not {action} it: {_summary(text)}; check the store", "HTTP error" in text


def _is_denied(text: str) -> bool:
    """Return whether the server knows the credentials, and lets them not do it."""
    code = _code(text)
    if any(service in text for service in _CREDENTIAL_SERVICES) or code in _OTHER_REFUSALS:
        return False
    return _status(text) == 403 or code == "AccessDenied"


def _how_to_sign_in(url: str) -> str:
    if url.startswith("gs:"):
        return "set GOOGLE_APPLICATION_CREDENTIALS"
    if url.startswith("az:"):
        return "set AZURE_STORAGE_ACCOUNT_KEY or sign in another way"
    return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"


def _code(text: str) -> str | None:
    # The client reads the answer about each key of a deletion, and says it in its own words.
    found = re.search(r"<Code>(\w+)</Code>|\(code: (\w+)\)", text)
    return found[1] or found[2] if found else None


def _status(text: str) -> int | None:
    found = re.search(r"non-2xx status code: (\d{3})", text)
    return int(found[1]) if found else None


def _server(text: str) -> str:
    found = re.search(r"Error performing \w+ (\w+://[^/\s]+)", text)
    return found[1] if found else "the server"


def _summary(text: str) -> str:
    """Return the client's text without its details for debugging."""
    line = text.partition("\n\nDebug source")[0]
    message = re.search(r"<Message>([^<]*)</Message>", line)
    if message:
        return message[1].strip().rstrip(".")
    line = " ".join(line.partition("<?xml")[0].split())
    line = re.sub(r"\bError performing (\w+) \S+ in \S+?(, after [^-]*)? - ", "", line)
    return truncate(line.removeprefix("Generic S3 error: ").rstrip(".: "), most=_LONGEST)
