"""Print an overlay, with the values of one installation filled in, and copy the tree.

``rendered/`` holds what ``kubectl kustomize`` makes of each overlay, so that printing needs neither
kubectl nor kustomize. ``make manifests`` writes it, and a test compares.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argosy_manifests.catalog import Need, Overlay
from argosy_schemas.errors import InvalidArgumentError, MachineError

FILES = Path(__file__).parent
TREE = ("base", "components", "overlays")
"""What a user of kustomize gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What differs between installations; ``None`` is what the user did not give."""

    namespace: str | None = None
    """Without it, the objects belong to the namespace that ``kubectl apply`` is told."""
    store: str | None = None
    """URL of the store."""
    variables: Mapping[str, str] | None = None
    """Environment variables of driver and launcher; without them the Secret is left out, so that
    applying the rest again leaves an existing one alone."""
    identity: str | None = None
    """Role, service account or client id of the cloud."""
    image: str | None = None
    """Image of the overlay's pod."""


def print_overlay(overlay: Overlay, values: Installation) -> str:
    """Return the objects of an overlay as YAML, one document each, for ``kubectl apply``.

    Raises:
        InvalidArgumentError: A value is missing, or the overlay has no use for one.
    """
    _check(overlay, values)
    text = (FILES / "rendered" / f"{overlay.name}.yaml").read_text("utf-8")
    if values == Installation() and overlay.variables is Need.NO and overlay.identity is Need.NO:
        return text
    import yaml  # takes 20 ms, and some overlays are printed as they are

    documents = [
        document
        for document in yaml.safe_load_all(text)
        if document["kind"] != "Secret" or values.variables is not None
    ]
    for document in documents:
        _fill_in(document, overlay, values)
    return "".join(_separate(yaml.safe_dump(each, sort_keys=False) for each in documents))


def write_tree(directory: Path) -> None:
    """Write base, components and overlays into a new or empty directory.

    Raises:
        InvalidArgumentError: The directory has something in it.
        MachineError: It cannot be written.
    """
    import shutil  # takes 5 ms, and printing does not need it

    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InvalidArgumentError(
                f"'{directory}' is not empty; give a new directory, since yours may hold changes"
            )
        for name in TREE:
            shutil.copytree(FILES / name, directory / name)
    except OSError as error:
        raise MachineError(f"'{directory}' cannot be written: {error.strerror}") from error


def _check(overlay: Overlay, values: Installation) -> None:
    image = Need.OPTIONAL if overlay.has_image else Need.NO
    for option, need, value in (
        ("--store URL", overlay.store, values.store),
        ("--env-file FILE", overlay.variables, values.variables),
        ("--identity NAME", overlay.identity, values.identity),
        ("--image IMAGE", image, values.image),
    ):
        if need is Need.REQUIRED and not value:
            raise InvalidArgumentError(f"overlay '{overlay.name}' needs {option}")
        if need is Need.NO and value is not None:
            raise InvalidArgumentError(
                f"overlay '{overlay.name}' has no place for {option.partition(' ')[0]}; see "
                "'argosy manifests --list'"
            )


def _fill_in(document: dict[str, Any], overlay: Overlay, values: Installation) -> None:
    metadata = document["metadata"]
    match document["kind"]:
        case "Namespace" if values.namespace is not None:
            metadata["name"] = values.namespace
        case "ConfigMap" if values.store is not None:
            document["data"]["ARGOSY_STORE"] = values.store
        case "Secret" if values.variables is not None:
            document["data"] = {
                name: base64.b64encode(value.encode()).decode()
                for name, value in values.variables.items()
            }
        case "ServiceAccount" if overlay.annotation is not None:
            metadata["annotations"][overlay.annotation] = values.identity
            if values.identity is None:
                del metadata["annotations"]
        case "StatefulSet" | "Deployment" if values.image is not None:
            document["spec"]["template"]["spec"]["containers"][0]["image"] = values.image
        case _:
            pass
    if values.namespace is not None and document["kind"] != "Namespace":
        metadata["namespace"] = values.namespace
        for subject in document.get("subjects", ()):
            subject["namespace"] = values.namespace


def _separate(texts: Iterable[str]) -> Iterable[str]:
    for number, text in enumerate(texts):
        yield f"---\n{text}" if number else text
