"""Which cluster a caller means, as ``kubectl`` understands it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.kubernetes.kubeconfig import read_access


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster and a namespace, as far as a caller names them."""

    namespace: str | None = None
    """``None``: that of the context."""
    context: str | None = None
    """``None``: the current one."""
    kubeconfig: str | None = None
    """``None``: what ``KUBECONFIG`` names, else ``~/.kube/config``, else the pod's own account."""

    @property
    def is_named(self) -> bool:
        """Whether the caller names anything."""
        return any(each is not None for each in (self.namespace, self.context, self.kubeconfig))

    @property
    def cluster_options(self) -> tuple[str, ...]:
        """The options that choose the cluster, as the caller gave them."""
        chosen = (("--context", self.context), ("--kubeconfig", self.kubeconfig))
        return tuple(word for name, value in chosen if value for word in (name, value))


def connect_cluster(target: Target) -> KubernetesCluster:
    """Return the cluster of a target; nothing is asked yet.

    Raises:
        InvalidArgumentError: There is no kubeconfig, no such context, or one that cannot be used.
    """
    access = read_access(files=target.kubeconfig, context=target.context, environment=os.environ)
    return KubernetesCluster(access, namespace=target.namespace, options=target.cluster_options)
