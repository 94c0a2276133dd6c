"""A task that measures points, and one that returns the error of a moving average over them."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.component
def measure(points: int, data: Output[Dataset]):
    with open(data.path, "w") as file:
        for x in range(points):
            file.write(f"{x % 7 + (x * x) % 5}\n")


@dsl.component
def smooth(data: Input[Dataset], window: int) -> float:
    with open(data.path) as file:
        values = [float(line) for line in file]
    errors = [
        abs(sum(values[at - window : at]) / window - values[at])
        for at in range(window, len(values))
    ]
    return round(sum(errors) / len(errors), 3)


@dsl.pipeline(name="search", description="The error of a moving average.")
def pipeline(window: int, points: int = 100) -> float:
    data = measure(points=points)
    return smooth(data=data.outputs["data"], window=window).output
