"""The URL of a store that an object of the namespace holds."""

from __future__ import annotations

import base64

from argosy_cluster.cluster import Cluster, find_object
from argosy_cluster.resources import CONFIG_MAPS, SECRETS
from argosy_compiler.config_objects import CONFIG_MAP, ConfigObject
from argosy_schemas.errors import AccessDeniedError, MissingObjectError
from argosy_schemas.pod import ENV_STORE


def read_store_url(cluster: Cluster, found: ConfigObject) -> str:
    """Return the URL that ``--store-from`` refers to; empty: it is not there, or for others only.

    Raises:
        ClusterError: The cluster does not answer now.
    """
    try:
        if found.kind == CONFIG_MAP:
            config_map = cluster.get(CONFIG_MAPS, found.name)
            return str(find_object(config_map, "data").get(ENV_STORE, ""))
        secret = cluster.get(SECRETS, found.name)
        return base64.b64decode(find_object(secret, "data").get(ENV_STORE, "")).decode()
    except (AccessDeniedError, MissingObjectError):
        return ""
