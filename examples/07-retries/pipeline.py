"""A component that fails at first, and a nested pipeline that passes its retries on to its tasks."""

from kfp import dsl


@dsl.component
def flaky(failures: int) -> int:
    import os

    attempt = int(os.environ["KFP_RETRY_INDEX"]) + 1
    if attempt <= failures:
        raise RuntimeError(f"attempt {attempt} fails on purpose")
    return attempt


@dsl.pipeline
def inner() -> int:
    return flaky(failures=1).output


@dsl.pipeline(name="retries")
def pipeline():
    flaky(failures=2).set_retry(num_retries=3)
    inner().set_retry(num_retries=1)
