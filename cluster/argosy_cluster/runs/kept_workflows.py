"""Workflows as the store keeps them, so that runs can go on when theirs is gone."""

from __future__ import annotations

import json
from typing import Final

from argosy_cluster.cluster import Document, find_object
from argosy_schemas.names import RunId
from argosy_schemas.values import to_json
from argosy_store.objects import ObjectStore

_KEY: Final = "runs/{run}/workflow.json"


def keep_workflow(workflow: Document, run_id: RunId, store: ObjectStore) -> None:
    """Keep what a run was given, so that it can go on when its workflow is gone.

    Raises:
        StoreError: The store cannot be written from here.
    """
    metadata = {
        key: value
        for key, value in find_object(workflow, "metadata").items()
        if key != "managedFields"
    }
    kept = {key: value for key, value in workflow.items() if key != "status"}
    text = to_json({**kept, "metadata": metadata})
    store.put(_KEY.format(run=run_id), text.encode())


def read_kept_workflow(run_id: RunId, store: ObjectStore) -> Document | None:
    """Return what :func:`keep_workflow` kept; ``None``: nothing.

    Raises:
        StoreError: The store cannot be read from here.
    """
    data = store.get(_KEY.format(run=run_id))
    if data is None:
        return None
    document: Document = json.loads(data)
    return document
