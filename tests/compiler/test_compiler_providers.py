"""Providers of object stores, as KFP's ConfigMap has them, and what they become in pods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler import compile_pipeline
from argosy_compiler.options import CompileOptions
from argosy_compiler.providers import parse_providers
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.providers import (
    Provider,
    SecretKey,
    decode_providers,
    encode_providers,
    name_secret_keys,
)
from argosy_schemas.reading.pipeline import read_pipeline

GOLDEN = Path(__file__).parents[1] / "golden/basics/parameters.ir.yaml"

KFP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: kfp-launcher}
data:
  defaultPipelineRoot: s3://ml/runs
  providers: |
    s3:
      default:
        endpoint: s3.amazonaws.com
        region: eu-central-1
        disableSSL: false
        maxRetries: 5
        credentials:
          fromEnv: false
          secretRef: {secretName: s3-keys, accessKeyKey: id, secretKeyKey: key}
      Overrides:
        - bucketName: data
          keyPrefix: team/a/
          credentials: {fromEnv: true}
        - bucketName: data
          endpoint: http://minio.storage:9000
          forcePathStyle: true
    gs:
      default:
        credentials: {fromEnv: false, secretRef: {secretName: gs-key, tokenKey: key.json}}
"""
S3_KEYS = {
    "access_key_id": SecretKey(secret="s3-keys", key="id"),
    "secret_access_key": SecretKey(secret="s3-keys", key="key"),
}
AMAZON = {
    "endpoint": "https://s3.eu-central-1.amazonaws.com",
    "region": "eu-central-1",
    "disable_ssl": "false",
}
PROVIDERS = (
    Provider(scheme="s3", bucket="data", prefix="team/a", options=AMAZON),
    Provider(
        scheme="s3",
        bucket="data",
        options={**AMAZON, "endpoint": "http://minio.storage:9000", "path_style": "true"},
        credentials=S3_KEYS,
    ),
    Provider(scheme="s3", options=AMAZON, credentials=S3_KEYS),
    Provider(
        scheme="gs", credentials={"service_account_key": SecretKey(secret="gs-key", key="key.json")}
    ),
)


def test_the_config_map_of_kfp_is_read() -> None:
    """Overrides come before the default, and take from it what they do not set."""
    assert parse_providers(KFP, name="f.yaml") == PROVIDERS


def test_the_providers_alone_are_read_as_well() -> None:
    text = "minio: {default: {endpoint: 'minio:9000', disableSSL: 'true', region: minio}}"
    options = {"endpoint": "minio:9000", "disable_ssl": "true", "region": "minio"}
    expected = (Provider(scheme="minio", options=options),)

    assert parse_providers(text, name="f") == expected
    assert parse_providers(json.dumps({"providers": text}), name="f") == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("s3: {defaults: {}}", "f.s3: 'defaults' is not known; write default or overrides"),
        ("azure: {}", "f: 'azure' is not known; write s3, minio or gs"),
        ("[]", "f: is not a mapping; write s3, minio or gs"),
        ("s3: {overrides: {}}", "f.s3.overrides: is not a list; write one"),
        ("s3: {overrides: [{region: r}]}", "f.s3.overrides[0]: has no bucketName; write one"),
        (
            "s3: {default: {credentials: {fromEnv: false}}}",
            "f.s3.default.credentials: has no secretRef; write one, or fromEnv: true",
        ),
        (
            "s3: {default: {credentials: {secretRef: {secretName: s, tokenKey: t}}}}",
            "f.s3.default.credentials.secretRef: 'tokenKey' is not known; write secretName, "
            "accessKeyKey, secretKeyKey",
        ),
        (
            "gs: {default: {credentials: {secretRef: {secretName: s}}}}",
            "f.gs.default.credentials.secretRef: is not complete; write secretName, tokenKey",
        ),
        (
            "gs: {default: {credentials: {secretRef: {secretName: '{{x}}', tokenKey: k}}}}",
            "f.gs.default.credentials.secretRef.secretName: '{{x}}' is not a valid name of a "
            "secret; correct it",
        ),
        ("s3: {default: {region: ''}}", "f.s3.default.region: is empty or not text; write text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_providers(text, name="f")

    assert str(caught.value) == f"--providers {problem}"


def test_text_that_is_not_yaml_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="--providers f: "):
        parse_providers("s3: [", name="f")


def test_pods_get_back_what_was_encoded() -> None:
    assert decode_providers(encode_providers(PROVIDERS)) == PROVIDERS
    assert decode_providers("") == ()


def test_driver_and_launcher_get_the_secret_keys_and_main_does_not() -> None:
    pipeline = read_pipeline(GOLDEN.read_bytes(), file="parameters.ir.yaml")

    spec: Any = compile_pipeline(pipeline, CompileOptions(providers=PROVIDERS)).workflow["spec"]

    (template,) = [each for each in spec["templates"] if "initContainers" in each]
    wanted = {
        "ARGOSY_CREDENTIAL_0": {"name": "s3-keys", "key": "id", "optional": True},
        "ARGOSY_CREDENTIAL_1": {"name": "s3-keys", "key": "key", "optional": True},
        "ARGOSY_CREDENTIAL_2": {"name": "gs-key", "key": "key.json", "optional": True},
    }
    assert sorted(name_secret_keys(PROVIDERS).values()) == sorted(wanted)
    for container in (template["initContainers"][0], template["sidecars"][0]):
        env = {each["name"]: each for each in container["env"]}
        assert env["ARGOSY_PROVIDERS"]["value"] == encode_providers(PROVIDERS)
        assert {
            name: each["valueFrom"]["secretKeyRef"]
            for name, each in env.items()
            if name.startswith("ARGOSY_CREDENTIAL_")
        } == wanted
    assert [each["name"] for each in template["container"]["env"]] == ["HOME"]
