"""What the answers of an API server mean that are no success: who must act, and how.

Rules: the ``Status`` object of the API (``reason``, ``details.causes``), and where admission puts
its words into ``message``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from argosy_cluster.cluster import StaleVersionError
from argosy_cluster.kubernetes.requests import Request
from argosy_schemas.errors import (
    AccessDeniedError,
    ClusterError,
    MissingNameError,
    MissingObjectError,
    NameTakenError,
    RefusedObjectError,
    UnreachableClusterError,
)
from argosy_schemas.message_text import truncate

BUSY: Final = frozenset({429, 502, 503, 504})
"""Statuses that mean "later"."""
_LONGEST_MESSAGE: Final = 600
_USER = re.compile(r'User "([^"]+)"')
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied the request:? ?(.*)', re.DOTALL)
_QUOTA = re.compile(r"(exceeded|failed) quota.*", re.DOTALL)
_ADMISSION = re.compile(rf"ValidatingAdmissionPolicy|violates PodSecurity|{_QUOTA.pattern}")


def make_refusal(
    code: int, body: bytes, request: Request, *, cluster: str, namespace: str
) -> ClusterError | StaleVersionError:
    """Return the error that an answer stands for.

    Args:
        code: Its HTTP status, 300 or more.
        body: Of the answer: a ``Status``, or what a proxy wrote.
        request: What was asked.
        cluster: What messages call the cluster.
        namespace: Where the objects are.
    """
    status = _read_status(body)
    message = read_message(body)
    match code:
        case 401:
            return AccessDeniedError(
                f"cluster '{cluster}' does not accept the credentials of the kubeconfig"
                f"{f' ({message})' if message != 'Unauthorized' else ''}; they may have expired: "
                "log in again"
            )
        case 403:
            return _forbidden(status, message, request, namespace)
        case 404:
            return _not_found(status, request, cluster=cluster, namespace=namespace)
        case 409 if request.verb == "create":
            return NameTakenError(
                f"{_kind(request)} '{_name(status, request)}' exists already in namespace "
                f"'{namespace}'; choose another name"
            )
        case 410 if request.verb == "watch":
            return StaleVersionError(message)
        case 410:
            return UnreachableClusterError(
                f"cluster '{cluster}' has forgotten what it began to answer ({message}); try again"
            )
        case code if code in BUSY:
            return UnreachableClusterError(
                f"cluster '{cluster}' is too busy ({code} {message}); try again later"
            )
        case code if code >= 500:
            if "webhook" in message:
                return RefusedObjectError(
                    f"cluster '{cluster}' cannot check {_object(request)}: {message}; ask its "
                    "operator about this webhook"
                )
            return UnreachableClusterError(
                f"the API server of cluster '{cluster}' failed ({code} {message}); try again later"
            )
        case _:
            return RefusedObjectError(_refused(message, request, namespace))


def _forbidden(
    status: Mapping[str, Any], message: str, request: Request, namespace: str
) -> ClusterError:
    causes = {cause.get("reason") for cause in _causes(status)}
    if "NamespaceTerminating" in causes:
        return RefusedObjectError(
            f"namespace '{namespace}' is being deleted, so it takes no new objects; choose another "
            "one with --namespace"
        )
    if _WEBHOOK.search(message) or _ADMISSION.search(message):
        return RefusedObjectError(_refused(message, request, namespace))
    user = _USER.search(message)
    who = f"user '{user[1]}'" if user else "you"
    what = request.path
    rule = f"nonResourceURLs: ['{request.path}'], verbs: [get]"
    if request.resource is not None:
        plural = "/".join(filter(None, (request.resource.plural, request.subresource)))
        what = request.resource.name
        if request.subresource:
            what = f"{request.resource.plural}/{request.subresource}"
        rule = (
            f"{{apiGroups: ['{request.resource.group}'], resources: [{plural}], "
            f"verbs: [{request.verb}]}}"
        )
    where = ""
    kind = "ClusterRole"
    if request.resource is None or request.resource.is_namespaced:
        where, kind = f" in namespace '{namespace}'", "Role"
    return AccessDeniedError(
        f"{who} may not {request.verb} {what}{where}; ask for a {kind} with the rule {rule}"
    )


def _not_found(
    status: Mapping[str, Any], request: Request, *, cluster: str, namespace: str
) -> ClusterError:
    details: Mapping[str, Any] = status.get("details") or {}
    if details.get("kind") == "namespaces":
        return MissingObjectError(
            f"cluster '{cluster}' has no namespace '{namespace}'; choose another one with "
            "--namespace"
        )
    if request.resource is None:
        return MissingObjectError(f"cluster '{cluster}' has nothing at '{request.path}'")
    if not details.get("name"):
        kind = f"{request.resource.name}, version {request.resource.version}"
        advice = "ask its operator"
        if request.resource.group == "argoproj.io":
            advice = "install Argo Workflows 3.5 or later in it, or choose another --context"
        return MissingObjectError(f"cluster '{cluster}' has no {kind}; {advice}")
    return MissingNameError(
        f"there is no {_kind(request)} '{request.name}' in namespace '{namespace}' of cluster "
        f"'{cluster}'"
    )


def _refused(message: str, request: Request, namespace: str) -> str:
    found = _WEBHOOK.search(message)
    if found is not None:
        return (
            f"webhook '{found[1]}' of the cluster refuses {_object(request)}: "
            f"{found[2].strip() or 'it says no more'}"
        )
    quota = _QUOTA.search(message)
    if quota is not None:
        return (
            f"a quota of namespace '{namespace}' refuses {_object(request)}: {quota[0].strip()}; "
            "delete what is no longer needed, or ask for more"
        )
    return f"the cluster refuses {_object(request)}: {message}"


def _object(request: Request) -> str:
    name = f" '{request.name}'" if request.name else ""
    return f"the {_kind(request)}{name}"


def _kind(request: Request) -> str:
    return "request" if request.resource is None else request.resource.plural.removesuffix("s")


def _name(status: Mapping[str, Any], request: Request) -> str:
    details: Mapping[str, Any] = status.get("details") or {}
    return str(details.get("name") or request.name)


def _causes(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details: Mapping[str, Any] = status.get("details") or {}
    return list(details.get("causes") or ())


def read_message(body: bytes) -> str:
    """Return what an answer says, on one line without a full stop."""
    return _clean(_read_status(body).get("message") or body.decode(errors="replace"))


def _read_status(body: bytes) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(found, Mapping):
        return {}
    status = cast("Mapping[str, Any]", found)
    return status if status.get("kind") == "Status" else {}


def _clean(text: str) -> str:
    """Return one line without a full stop; pages of HTML that proxies write become short."""
    words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return truncate(words.rstrip("."), most=_LONGEST_MESSAGE)
