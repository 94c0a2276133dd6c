"""Check the names and URLs of ``argosy compile`` that end up in pods.

Only the cluster knows whether they exist. A name that cannot exist in any cluster is refused here:
otherwise the first pod would fail, or each pod would write to a store that no other pod sees.
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
"""The schemes of stores that all pods of a cluster share."""
_ADVICE: Final = "use s3://, minio://, gs:// or az://"


def check_cluster_options(options: CompileOptions) -> None:
    """Refuse options that no cluster can use.

    Raises:
        InvalidArgumentError: An option is wrong; the message has one line for each.
    """
    faults = [
        *_find_image_faults(options.image),
        *_find_name_faults("--store-secret", options.store_secret),
        *_find_name_faults("--service-account", options.service_account),
        *_find_url_faults("--store", options.store),
        *_find_url_faults("--root", options.root or None),
    ]
    if options.ir is IrPlacement.STORE and options.store is None:
        faults.append("--ir store needs --store URL, to put the pipeline there")
    if options.store is not None and options.store_from is not None:
        faults.append("--store and --store-from name two stores; leave one out")
    if options.tasks_use_ca_bundle and options.ca_bundle is None:
        faults.append("--ca-bundle-for-tasks needs --ca-bundle, which names the certificates")
    if faults:
        raise InvalidArgumentError("\n".join(faults))


def check_pipeline_root(pipeline: Pipeline) -> None:
    """Refuse a pipeline whose own root has options.

    Raises:
        InvalidPipelineError: The root has options.
    """
    if "?" not in pipeline.default_pipeline_root:
        return
    # As in _find_option_fault.
    from argosy_store.locations import parse_pipeline_root

    try:
        parse_pipeline_root(pipeline.default_pipeline_root)
    except StoreError as error:
        raise InvalidPipelineError(
            Problem(path="defaultPipelineRoot", message=str(error))
        ) from error


def _find_image_faults(reference: str) -> Iterator[str]:
    if not reference:
        yield f"--image is empty; name one, such as {DEFAULT_IMAGE}"
    elif not is_image(reference):
        yield f"--image {reference!r} is not an image reference; write it like {DEFAULT_IMAGE}"


def _find_name_faults(option: str, name: str | None) -> Iterator[str]:
    if name == "":
        yield f"{option} is empty; write a name or leave the option out"
    elif name is not None and not is_subdomain(name):
        yield f"{option} {name!r} is not a valid Kubernetes name; {SUBDOMAIN_ADVICE}"


def _find_url_faults(option: str, url: str | None) -> Iterator[str]:
    if url is None:
        return
    if not url:
        yield f"{option} is empty; write a URL or leave the option out"
        return
    scheme, separator, rest = url.partition("://")
    if not separator or scheme in ("file", "memory"):
        yield f"{option} {url!r} is local to one machine, so pods cannot share it; {_ADVICE}"
    elif scheme not in _SHARED:
        yield f"{option} {url!r} has the scheme '{scheme}'; {_ADVICE}"
    elif not rest.partition("?")[0].partition("/")[0]:
        yield f"{option} {url!r} names no bucket; write {scheme}://BUCKET/KEY"
    elif (fault := _find_option_fault(url)) is not None:
        yield f"{option} {fault}"


def _find_option_fault(url: str) -> str | None:
    if "?" not in url:
        return None
    # Imported for URLs with options only: most compilations need no store.
    from argosy_store.locations import parse_root

    try:
        parse_root(url)
    except StoreError as error:
        return str(error)
    return None
