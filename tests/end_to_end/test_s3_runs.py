"""The whole way against real S3 servers: artifacts in a bucket, read back by the next task."""

import os
from pathlib import Path

from cli_processes import argosy
from servers import S3Server

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_artifacts_go_to_the_bucket_and_come_from_it(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    environment = os.environ | s3.environment
    words = ("run", str(EXAMPLES / "03-train" / "pipeline.yaml"), "--output", "json")

    ended = argosy(
        *words, "--root", s3.url(bucket, "artifacts"), cwd=tmp_path, environment=environment
    )

    assert ended.status == 0, ended.err
    (model,) = ended.task("fit")["outputs"]["artifacts"]["model"]
    prefix = f"s3://{bucket}/artifacts/train/{ended.result['run_id']}/fit/"
    assert model["uri"].startswith(prefix)
    assert model["type"] == "system.Model"
    assert model["metadata"] == {"framework": "plain Python"}
    key = model["uri"].removeprefix(f"s3://{bucket}/")
    stored = s3.client().get_object(Bucket=bucket, Key=key)["Body"].read()
    assert b'"slope"' in stored
    assert ended.task("evaluate")["outputs"]["parameters"] == {"Output": 0}


def test_a_cached_artifact_that_is_gone_from_the_bucket_is_made_again(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    environment = os.environ | s3.environment
    words = ("run", str(EXAMPLES / "03-train" / "pipeline.yaml"), "--output", "json")
    root = ("--root", s3.url(bucket))
    first = argosy(*words, *root, cwd=tmp_path, environment=environment)
    (data,) = first.task("load")["outputs"]["artifacts"]["data"]
    s3.client().delete_object(Bucket=bucket, Key=data["uri"].removeprefix(f"s3://{bucket}/"))

    second = argosy(*words, *root, cwd=tmp_path, environment=environment)

    assert second.status == 0, second.err
    assert second.task("load")["cached"] is False


def test_an_imported_object_is_read_where_it_is(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    s3.client().put_object(Bucket=bucket, Key="data/lines.txt", Body=b"1\n2\n3\n")
    environment = os.environ | s3.environment | {"AWS_ENDPOINT_URL": s3.endpoint}
    uri = f"s3://{bucket}/data/lines.txt"

    ended = argosy(
        *("run", str(EXAMPLES / "06-importer" / "pipeline.yaml"), "--output", "json"),
        *("-p", f"uri={uri}"),
        cwd=tmp_path,
        environment=environment,
    )

    assert ended.status == 0, ended.err
    assert ended.result["outputs"]["parameters"] == {"Output": 3}
    (imported,) = ended.task("importer")["outputs"]["artifacts"]["artifact"]
    assert imported == {"uri": uri, "type": "system.Dataset", "metadata": {"source": uri}}


def test_a_bucket_that_does_not_exist_is_told_in_one_line(moto: S3Server, tmp_path: Path) -> None:
    ended = argosy(
        *("run", str(EXAMPLES / "01-hello" / "pipeline.yaml"), "--output", "json"),
        *("--root", moto.url("no-such-bucket")),
        cwd=tmp_path,
        environment=os.environ | moto.environment,
    )

    # No artifact is written, and so nobody looks at the bucket.
    assert ended.status == 0, ended.err

    failing = argosy(
        *("run", str(EXAMPLES / "03-train" / "pipeline.yaml"), "--output", "json"),
        *("--root", moto.url("no-such-bucket")),
        cwd=tmp_path,
        environment=os.environ | moto.environment,
    )

    assert failing.status == 1
    assert failing.result["state"] == "FAILED"
    assert "no-such-bucket" in failing.task("load")["error"]
