"""Caching: a second run takes the result of one task from the cache, and runs the other again."""

from kfp import dsl


@dsl.component
def slow_square(number: int) -> int:
    import time

    time.sleep(1)
    return number**2


@dsl.component
def now() -> str:
    import datetime

    return datetime.datetime.now().isoformat()


@dsl.pipeline(name="caching")
def pipeline(number: int = 7) -> int:
    now().set_caching_options(False)
    return slow_square(number=number).output
