"""Where the artifacts of the runs of a cluster are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.artifacts import ArtifactPlace
from argosy_store.locations import extend_root


def make_argo_roots(settings: ArgoSettings) -> Callable[[ArtifactPlace], Iterator[str]]:
    """Return what lists the places of a run's artifacts: the store's, and its own root."""

    def list_roots(place: ArtifactPlace) -> Iterator[str]:
        own = settings.of(place.namespace)
        url = own.find_store_url()
        if url:
            yield extend_root(url, "artifacts")
        root = own.options.root
        if not own.is_user_namespace:  # a root that a user chooses may be the place of another
            root = place.pipeline_root or root or place.default_root
        if root:
            yield root

    return list_roots
