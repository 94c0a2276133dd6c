"""Access for the users of a cluster: Kubernetes says who they are and what they may do.

The user is taken from a header, which a proxy in front of the service writes; without it, from a
bearer token that Kubernetes reviews. Permissions come from SubjectAccessReviews with the attributes
that KFP uses, so that Kubeflow's roles work unchanged.

Rules: the reference's ``HTTPHeaderAuthenticator`` and ``TokenReviewAuthenticator``.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from argosy_cluster.cluster import Cluster, Document, Resource, find_object
from argosy_cluster.resources import SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS
from argosy_schemas.errors import ClusterError
from argosy_service.access.access import (
    Action,
    Caller,
    Headers,
    find_bearer_token,
    find_header,
)
from argosy_service.errors import AccessRefusedError, UnauthenticatedError, UnavailableError
from argosy_service.settings import UserSettings

REMEMBERED_SECONDS: Final = 10.0
"""How long an answer of the cluster holds: a right that is taken away ends within it."""

_MOST_ANSWERS: Final = 10_000
_GROUP: Final = "pipelines.kubeflow.org"
_VERSION: Final = "v1beta1"

_Value = TypeVar("_Value")


class ClusterAccess:
    """The users of a cluster may do what its roles allow."""

    is_multi_user = True

    def __init__(
        self,
        cluster: Cluster,
        settings: UserSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nothing yet.

        Args:
            cluster: Reviews tokens and rights; its namespace is the service's own.
            settings: How users are recognized.
            monotonic: The clock.
        """
        self.namespace = cluster.namespace
        self._cluster = cluster
        self._settings = settings
        self._users = _Answers[str](monotonic)
        self._rights = _Answers[bool](monotonic)

    def identify(self, headers: Headers) -> Caller:
        """Return the user that the header names, else the one whose token the request has.

        Raises:
            UnauthenticatedError: The request has neither, or a token that is not accepted.
            UnavailableError: The cluster does not review the token.
        """
        given = tuple(headers)
        name, prefix = self._settings.header.lower(), self._settings.prefix
        value = find_header(given, name) if name else None
        if value is not None and value.startswith(prefix) and value != prefix:
            return Caller(user=value.removeprefix(prefix))
        token = find_bearer_token(given)
        if token is None:
            header = f"no header '{name}', and " if name else ""
            raise UnauthenticatedError(f"the request has {header}no bearer token; send one")
        digest = hashlib.sha256(token.encode()).hexdigest()
        user = self._users.remember(digest, lambda: self._review_token(token))
        if not user:
            raise UnauthenticatedError(
                "the cluster does not accept the bearer token; it may have expired, or be issued "
                f"for another audience than '{self._settings.audience}'"
            )
        return Caller(user=user)

    def check(self, caller: Caller, action: Action) -> None:
        """Refuse what the roles of the cluster do not allow a user.

        Raises:
            AccessRefusedError: They do not.
            UnavailableError: The cluster does not answer.
        """
        # Kubernetes takes an empty namespace for all of them.
        if not action.namespace or not self._rights.remember(
            (caller, action), lambda: self._review_access(caller, action)
        ):
            where = f"in namespace '{action.namespace}'" if action.namespace else "in no namespace"
            raise AccessRefusedError(
                f"user '{caller.user}' may not {action.verb} {action.resource} {where}; ask for a "
                f"role with the verb '{action.verb}' on {action.resource}.{_GROUP}"
            )

    def _review_token(self, token: str) -> str:
        """Return whose token it is; empty: it is not accepted."""
        audience = self._settings.audience
        answer = self._create(
            TOKEN_REVIEWS,
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": token, "audiences": [audience]},
            },
        )
        status = find_object(answer, "status")
        # A cluster that does not know audiences leaves them out.
        if not status.get("authenticated") or audience not in (status.get("audiences") or ()):
            return ""
        return str(find_object(answer, "status", "user").get("username") or "")

    def _review_access(self, caller: Caller, action: Action) -> bool:
        answer = self._create(
            SUBJECT_ACCESS_REVIEWS,
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    "user": caller.user,
                    "resourceAttributes": {
                        "group": _GROUP,
                        "version": _VERSION,
                        "resource": action.resource,
                        "verb": action.verb,
                        "namespace": action.namespace,
                        "name": action.name,
                    },
                },
            },
        )
        return bool(find_object(answer, "status").get("allowed"))

    def _create(self, resource: Resource, document: Document) -> Document:
        try:
            return self._cluster.create(resource, document)
        except ClusterError as error:
            raise UnavailableError(f"the cluster does not say who may do what: {error}") from error


class _Answers(Generic[_Value]):
    """What was answered a short while ago."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[object, tuple[float, _Value]] = {}

    def remember(self, key: object, ask: Callable[[], _Value]) -> _Value:
        """Return the answer to a question, which is asked unless it was a short while ago."""
        now = self._monotonic()
        with self._lock:
            known = self._known.get(key)
        if known is not None and now < known[0]:
            return known[1]
        answer = ask()
        with self._lock:
            if len(self._known) >= _MOST_ANSWERS:
                self._known.clear()
            self._known[key] = (now + REMEMBERED_SECONDS, answer)
        return answer
