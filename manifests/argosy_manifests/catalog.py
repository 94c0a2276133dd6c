"""The overlays: what each is for, and what a user has to give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from argosy_schemas.errors import InvalidArgumentError


class Need(Enum):
    """Whether an overlay takes a value."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One set of manifests that is applied as a whole."""

    name: str
    summary: str
    store: Need = Need.NO
    """The URL in the ConfigMap ``argosy``."""
    variables: Need = Need.NO
    """The variables in the Secret ``argosy-store``."""
    identity: Need = Need.NO
    """The cloud's identity, in the annotation :attr:`annotation` of the service account."""
    annotation: str | None = None
    has_image: bool = False
    """Whether there is a pod in it."""

    @property
    def directory(self) -> str:
        """Where its kustomization lies in the tree."""
        return self.name if self.name == "base" else f"overlays/{self.name}"


OVERLAYS = (
    Overlay(
        name="base",
        summary="service account, Role and network policy; you name the store when you compile",
    ),
    Overlay(
        name="s3",
        summary="base, and a bucket with keys: Amazon S3, MinIO, Ceph and the like",
        store=Need.REQUIRED,
        variables=Need.OPTIONAL,
    ),
    Overlay(
        name="seaweedfs",
        summary="base, and an S3 server in the namespace, to try things out",
        store=Need.OPTIONAL,
        variables=Need.OPTIONAL,
        has_image=True,
    ),
    Overlay(
        name="aws-irsa",
        summary="base, and a bucket of Amazon S3 by the role of the service account",
        store=Need.REQUIRED,
        identity=Need.REQUIRED,
        annotation="eks.amazonaws.com/role-arn",
    ),
    Overlay(
        name="aws-pod-identity",
        summary="base, and a bucket of Amazon S3 by EKS Pod Identity",
        store=Need.REQUIRED,
    ),
    Overlay(
        name="gke",
        summary="base, and a bucket of Google Cloud Storage by Workload Identity",
        store=Need.REQUIRED,
        identity=Need.OPTIONAL,
        annotation="iam.gke.io/gcp-service-account",
    ),
    Overlay(
        name="azure",
        summary="base, and a container of Azure Blob Storage by Workload Identity",
        store=Need.REQUIRED,
        identity=Need.REQUIRED,
        annotation="azure.workload.identity/client-id",
    ),
    Overlay(
        name="service",
        summary="the service with its database, beside an overlay that has the store",
        has_image=True,
    ),
    Overlay(
        name="restricted",
        summary="the namespace itself, with the labels of Pod Security, beside another overlay",
    ),
)
"""In the order in which a reader meets them."""


def get_overlay(name: str) -> Overlay:
    """Return the overlay of this name.

    Raises:
        InvalidArgumentError: There is none.
    """
    found = {overlay.name: overlay for overlay in OVERLAYS}
    if name not in found:
        raise InvalidArgumentError(f"there is no overlay '{name}'; it is one of {', '.join(found)}")
    return found[name]
