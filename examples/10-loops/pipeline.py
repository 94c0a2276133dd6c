"""A loop over the list that a task returned, and a task that gets the collected results."""

from typing import List

from kfp import dsl


@dsl.component
def numbers(count: int) -> List[int]:
    return list(range(count))


@dsl.component
def square(number: int) -> int:
    return number**2


@dsl.component
def total(squares: List[int]) -> int:
    return sum(squares)


@dsl.pipeline(name="loops")
def pipeline(count: int = 5) -> int:
    with dsl.ParallelFor(numbers(count=count).output, parallelism=2) as number:
        squared = square(number=number)
    return total(squares=dsl.Collected(squared.output)).output
