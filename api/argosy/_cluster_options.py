"""The names and URLs of ``argosy compile`` that end up in pods.

Whether they exist only the cluster knows. What could not exist in any is told here: there it would
be an error of the first pod, or none at all and a store that no other pod sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from argosy_compiler.argo.cluster_names import SUBDOMAIN_ADVICE, is_image, is_subdomain
from argosy_compiler.options import DEFAULT_IMAGE, CompileOptions, IrPlacement
from argosy_schemas.errors import (
    InvalidArgumentError,
    InvalidPipelineError,
    Problem,
    StoreError,
)
from argosy_schemas.ir.model import Pipeline

_SHARED: Final = ("s3", "minio", "gs", "az")
"""The schemes that all pods of a cluster read alike."""
_ADVICE: Final = "use s3://, minio://, gs:// or az://"


def check_cluster_options(options: CompileOptions) -> None:
    """Refuse what no cluster can use.

    Raises:
        InvalidArgumentError: All of it, one a line.
    """
    faults = [
        *_image(options.image),
        *_name("--store-secret", options.store_secret),
        *_name("--service-account", options.service_account),
        *_url("--store", options.store),
        *_url("--root", options.root or None),
    ]
    if options.ir is IrPlacement.STORE and options.store is None:
        faults.append("--ir store needs --store URL, to put the pipeline there")
    if faults:
        raise InvalidArgumentError("\n".join(faults))


def check_pipeline_root(pipeline: Pipeline) -> None:
    """Refuse a pipeline whose own root has options that its store does not know.

    Raises:
        InvalidPipelineError: It has.
    """
    fault = _fault_of_options(pipeline.default_pipeline_root)
    if fault is not None:
        raise InvalidPipelineError(Problem(path="defaultPipelineRoot", message=fault))


def _image(reference: str) -> Iterator[str]:
    if not reference:
        yield f"--image is empty; name one, such as {DEFAULT_IMAGE}"
    elif not is_image(reference):
        yield f"--image {reference!r} is no reference of an image; write it like {DEFAULT_IMAGE}"


def _name(option: str, name: str | None) -> Iterator[str]:
    if name == "":
        yield f"{option} is empty; give its name or leave it out"
    elif name is not None and not is_subdomain(name):
        yield f"{option} {name!r} is no name that Kubernetes takes; {SUBDOMAIN_ADVICE}"


def _url(option: str, url: str | None) -> Iterator[str]:
    if url is None:
        return
    if not url:
        yield f"{option} is empty; give its URL or leave it out"
        return
    scheme, separator, rest = url.partition("://")
    if not separator or scheme in ("file", "memory"):
        yield f"{option} {url!r} lies on one machine, and pods do not; {_ADVICE}"
    elif scheme not in _SHARED:
        yield f"{option} {url!r} has the scheme '{scheme}'; {_ADVICE}"
    elif not rest.partition("?")[0].partition("/")[0]:
        yield f"{option} {url!r} names no bucket; write {scheme}://BUCKET/KEY"
    elif (fault := _fault_of_options(url)) is not None:
        yield f"{option} {fault}"


def _fault_of_options(url: str) -> str | None:
    if "?" not in url:
        return None
    # Only for URLs that may have options: most compilations need nothing of the stores.
    from argosy_store.locations import read_root

    try:
        read_root(url)
    except StoreError as error:
        return str(error)
    return None
