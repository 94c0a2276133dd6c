"""The kinds of objects that Argosy reads or writes, and the labels of Argo."""

from __future__ import annotations

from typing import Final

from argosy_cluster.cluster import Resource

WORKFLOWS: Final = Resource(group="argoproj.io", version="v1alpha1", plural="workflows")
PODS: Final = Resource(group="", version="v1", plural="pods")
EVENTS: Final = Resource(group="", version="v1", plural="events")
CONFIG_MAPS: Final = Resource(group="", version="v1", plural="configmaps")
SECRETS: Final = Resource(group="", version="v1", plural="secrets")
SERVICE_ACCOUNTS: Final = Resource(group="", version="v1", plural="serviceaccounts")
NAMESPACES: Final = Resource(group="", version="v1", plural="namespaces", is_namespaced=False)
CUSTOM_RESOURCES: Final = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    is_namespaced=False,
)
ACCESS_REVIEWS: Final = Resource(
    group="authorization.k8s.io",
    version="v1",
    plural="selfsubjectaccessreviews",
    is_namespaced=False,
)
SUBJECT_ACCESS_REVIEWS: Final = Resource(
    group="authorization.k8s.io",
    version="v1",
    plural="subjectaccessreviews",
    is_namespaced=False,
)
TOKEN_REVIEWS: Final = Resource(
    group="authentication.k8s.io", version="v1", plural="tokenreviews", is_namespaced=False
)

WORKFLOW_LABEL: Final = "workflows.argoproj.io/workflow"
"""On a pod: the name of its workflow."""
PHASE_LABEL: Final = "workflows.argoproj.io/phase"
"""On a workflow: its phase."""
