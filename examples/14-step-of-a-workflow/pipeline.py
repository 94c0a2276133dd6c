"""A pipeline that another workflow of Argo runs as one of its steps."""

from kfp import dsl


@dsl.component
def score(rows: int, weights: list) -> float:
    return round(sum(weights) / rows, 3)


@dsl.pipeline(name="score")
def pipeline(rows: int, weights: list = [1, 2, 4]) -> float:
    return score(rows=rows, weights=weights).output
