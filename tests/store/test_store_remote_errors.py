"""Answers of servers that a test cannot make real ones give."""

from __future__ import annotations

import pytest
from obstore.exceptions import GenericError

from argosy_store.remote.errors import make_remote_error


def answer(status: str, code: str = "", message: str = "") -> GenericError:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>" if code else ""
    return GenericError(
        "Generic S3 error: Error performing PUT https://s3.example/b/k in 3ms, after 3 retries, "
        f"max_retries: 3, retry_timeout: 60s  - Server returned non-2xx status code: {status}: "
        f"{body}\n\nDebug source:\nGeneric {{ }}"
    )


@pytest.mark.parametrize(
    ("error", "message", "retryable"),
    [
        (
            answer("400 Bad Request", "ExpiredToken", "The token expired"),
            "the credentials have expired; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE",
            True,
        ),
        (
            answer("301 Moved Permanently", "PermanentRedirect"),
            "the bucket is in another region; add ?region=NAME to the URL of the root",
            False,
        ),
        (
            answer("503 Slow Down", "SlowDown", "Reduce your request rate."),
            "https://s3.example could not write it: Reduce your request rate; check its log",
            True,
        ),
        (
            answer("500 Internal Server Error"),
            "https://s3.example could not write it: Server returned non-2xx status code: 500 "
            "Internal Server Error; check its log",
            True,
        ),
        (
            answer("507 Insufficient Storage", "XMinioStorageFull", "Full"),
            "https://s3.example has no space left (XMinioStorageFull); free some",
            False,
        ),
        (
            answer("400 Bad Request", "InvalidRequest", "No"),
            "https://s3.example could not write it: No; check its log",
            False,
        ),
        *(
            (
                answer(f"{status} Whatever", code, "Again"),
                "https://s3.example could not write it: Again; check its log",
                True,
            )
            for status, code in (
                (400, "RequestTimeout"),
                (400, "BadDigest"),
                (403, "SlowDown"),
                (409, "OperationAborted"),
                (409, "ConditionalRequestConflict"),
            )
        ),
        (
            answer("403 Forbidden", "RequestTimeTooSkewed", "Too large"),
            "https://s3.example refused the request for its time; set the clock of this machine "
            "by NTP",
            True,
        ),
        (
            answer("403 Forbidden", "AccessDenied", "Denied"),
            "https://s3.example does not let these credentials write it (AccessDenied); check the"
            " credentials and their permissions",
            False,
        ),
        *(
            (
                GenericError(
                    "Generic S3 error: DeleteObjects request failed for key k: No "
                    f"(code: {code})\n\nDebug source:\n"
                ),
                message,
                retryable,
            )
            for code, message, retryable in (
                (
                    "AccessDenied",
                    "the server does not let these credentials write it (AccessDenied); check the "
                    "credentials and their permissions",
                    False,
                ),
                (
                    "SlowDown",
                    "the server could not write it: DeleteObjects request failed for key k: No "
                    "(code: SlowDown); check its log",
                    True,
                ),
            )
        ),
        (
            GenericError(
                "Generic S3 error: Error performing GET https://s3.example/b/k in 3ms - HTTP "
                'error: error sending request\n\nDebug source:\n kind: TimedOut, "x"'
            ),
            "https://s3.example cannot be reached (it did not answer in time); check the endpoint",
            True,
        ),
    ],
    ids=[
        "expired",
        "region",
        "slow",
        "500",
        "full",
        "refused",
        "400",
        "digest",
        "403",
        "409",
        "conditional",
        "clock",
        "denied",
        "kept",
        "later",
        "timeout",
    ],
)
def test_an_answer_is_told_in_one_sentence(
    error: GenericError, message: str, retryable: bool
) -> None:
    found = make_remote_error("s3://b", "k", "write", error)

    assert str(found) == f"s3://b/k: {message}"
    assert found.retryable == retryable
    assert found.denied == ("does not let these credentials" in message)


@pytest.mark.parametrize("in_cluster", [True, False])
def test_credentials_are_waited_for_in_a_cluster_only(
    in_cluster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    if in_cluster:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    error = GenericError(
        "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 1s - "
        "HTTP error: error sending request"
    )

    found = make_remote_error("gs://b", "k", "read", error)

    assert str(found) == (
        "gs://b/k: there are no credentials to read it; set GOOGLE_APPLICATION_CREDENTIALS"
    )
    assert found.retryable == in_cluster
