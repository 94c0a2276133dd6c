"""A pipeline that uses another pipeline twice."""

from kfp import dsl


@dsl.component
def double(number: int) -> int:
    return 2 * number


@dsl.component
def add(left: int, right: int) -> int:
    return left + right


@dsl.pipeline
def quadruple(number: int) -> int:
    return double(number=double(number=number).output).output


@dsl.pipeline(name="nested")
def pipeline(number: int = 3) -> int:
    once = quadruple(number=number)
    twice = quadruple(number=once.output)
    return add(left=once.output, right=twice.output).output
