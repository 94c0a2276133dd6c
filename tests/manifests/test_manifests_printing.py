"""What ``argosy manifests`` prints: the values of one installation, and no placeholders."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
import yaml

from argosy_manifests.catalog import OVERLAYS, Need, Overlay, get_overlay
from argosy_manifests.printing import Installation, print_overlay
from argosy_schemas.errors import InvalidArgumentError

ALL = Installation(
    namespace="team-a",
    store="s3://ours/argosy?region=eu-central-1",
    variables={"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "a=b"},
    identity="ours",
    image="registry.example.org/seaweedfs:1",
)


def values_for(overlay: Overlay) -> Installation:
    return replace(
        ALL,
        store=None if overlay.store is Need.NO else ALL.store,
        variables=None if overlay.variables is Need.NO else ALL.variables,
        identity=None if overlay.identity is Need.NO else ALL.identity,
        image=ALL.image if overlay.has_image else None,
    )


def objects(name: str, values: Installation) -> dict[tuple[str, str], Any]:
    documents = yaml.safe_load_all(print_overlay(get_overlay(name), values))
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_no_placeholder_is_left(overlay: Overlay) -> None:
    text = print_overlay(overlay, values_for(overlay))

    for placeholder in ("change-me", base64.b64encode(b"change-me").decode(), "111122223333"):
        assert placeholder not in text


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_every_object_is_in_the_namespace(overlay: Overlay) -> None:
    for each in yaml.safe_load_all(print_overlay(overlay, values_for(overlay))):
        place = "name" if each["kind"] == "Namespace" else "namespace"
        assert each["metadata"][place] == "team-a"
        assert {subject["namespace"] for subject in each.get("subjects", ())} <= {"team-a"}


@pytest.mark.parametrize("name", ["base", "s3", "gke"])
def test_without_a_namespace_kubectl_decides(name: str) -> None:
    overlay = get_overlay(name)

    for each in yaml.safe_load_all(
        print_overlay(overlay, replace(values_for(overlay), namespace=None))
    ):
        assert "namespace" not in each["metadata"]
        assert [subject for subject in each.get("subjects", ()) if "namespace" in subject] == []


def test_the_store_and_its_credentials_are_those_given() -> None:
    found = objects("s3", values_for(get_overlay("s3")))

    assert found["ConfigMap", "argosy"]["data"] == {"ARGOSY_STORE": ALL.store}
    secret = found["Secret", "argosy-store"]["data"]
    assert {name: base64.b64decode(value).decode() for name, value in secret.items()} == {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "a=b",
    }


@pytest.mark.parametrize("name", ["s3", "seaweedfs"])
def test_without_credentials_an_existing_secret_stays_as_it_is(name: str) -> None:
    found = objects(name, replace(values_for(get_overlay(name)), variables=None))

    assert ("ConfigMap", "argosy") in found
    assert [kind for kind, _ in found if kind == "Secret"] == []


def test_seaweedfs_needs_no_value_and_takes_an_image() -> None:
    plain = objects("seaweedfs", Installation())["StatefulSet", "seaweedfs"]
    own = objects("seaweedfs", Installation(image="here/weed:1"))["StatefulSet", "seaweedfs"]

    def image(found: Any) -> str:
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"])

    assert image(plain) == "chrislusf/seaweedfs:4.48"
    assert image(own) == "here/weed:1"


@pytest.mark.parametrize(
    ("name", "annotation"),
    [
        ("aws-irsa", "eks.amazonaws.com/role-arn"),
        ("gke", "iam.gke.io/gcp-service-account"),
        ("azure", "azure.workload.identity/client-id"),
    ],
)
def test_the_service_account_has_the_identity(name: str, annotation: str) -> None:
    found = objects(name, values_for(get_overlay(name)))

    assert found["ServiceAccount", "argosy"]["metadata"]["annotations"] == {annotation: "ours"}


def test_an_account_that_roles_are_bound_to_needs_no_annotation() -> None:
    found = objects("gke", Installation(store="gs://ours/argosy"))

    assert "annotations" not in found["ServiceAccount", "argosy"]["metadata"]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("s3", Installation(), "overlay 's3' needs --store URL"),
        ("aws-irsa", Installation(store="s3://b"), "overlay 'aws-irsa' needs --identity NAME"),
        ("azure", Installation(identity="id"), "overlay 'azure' needs --store URL"),
        (
            "base",
            Installation(store="s3://b"),
            "overlay 'base' has no place for --store; see 'argosy manifests --list'",
        ),
        (
            "gke",
            Installation(store="gs://b", variables={}),
            "overlay 'gke' has no place for --env-file; see 'argosy manifests --list'",
        ),
        (
            "s3",
            Installation(store="s3://b", image="i"),
            "overlay 's3' has no place for --image; see 'argosy manifests --list'",
        ),
    ],
)
def test_what_is_missing_or_of_no_use_is_named(
    name: str, values: Installation, message: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        print_overlay(get_overlay(name), values)

    assert str(caught.value) == message


def test_an_unknown_overlay_is_refused_with_all_names() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        get_overlay("minio")

    assert str(caught.value) == (
        "there is no overlay 'minio'; it is one of base, s3, seaweedfs, aws-irsa, "
        "aws-pod-identity, gke, azure, service, restricted"
    )
