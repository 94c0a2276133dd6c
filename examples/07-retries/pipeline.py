"""A component that fails at first, and a nested pipeline that passes its retries on to its tasks."""

from kfp import dsl


@dsl.component
def flaky(counter: str, failures: int) -> int:
    import pathlib

    path = pathlib.Path(counter)
    attempts = int(path.read_text()) + 1 if path.exists() else 1
    path.write_text(str(attempts))
    if attempts <= failures:
        raise RuntimeError(f"attempt {attempts} fails on purpose")
    return attempts


@dsl.pipeline
def inner(counter: str) -> int:
    return flaky(counter=counter, failures=1).output


@dsl.pipeline(name="retries")
def pipeline(counter: str):
    flaky(counter=f"{counter}-own", failures=2).set_retry(num_retries=3)
    inner(counter=f"{counter}-inherited").set_retry(num_retries=1)
