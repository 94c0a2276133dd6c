"""Artifacts: a dataset is made, split, trained on and evaluated."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output


@dsl.component
def load(rows: int, data: Output[Dataset]):
    with open(data.path, "w") as file:
        for x in range(rows):
            file.write(f"{x},{2 * x + 1}\n")
    data.metadata["rows"] = rows


@dsl.component
def split(data: Input[Dataset], ratio: float, train: Output[Dataset], test: Output[Dataset]):
    with open(data.path) as file:
        lines = file.readlines()
    edge = int(len(lines) * ratio)
    with open(train.path, "w") as file:
        file.writelines(lines[:edge])
    with open(test.path, "w") as file:
        file.writelines(lines[edge:])


@dsl.component
def fit(train: Input[Dataset], model: Output[Model]):
    import json

    with open(train.path) as file:
        points = [tuple(map(float, line.split(","))) for line in file]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )
    with open(model.path, "w") as file:
        json.dump({"slope": slope, "intercept": mean_y - slope * mean_x}, file)
    model.metadata["framework"] = "plain Python"


@dsl.component
def evaluate(model: Input[Model], test: Input[Dataset], metrics: Output[Metrics]) -> float:
    import json

    with open(model.path) as file:
        line = json.load(file)
    with open(test.path) as file:
        points = [tuple(map(float, text.split(","))) for text in file]
    error = sum(abs(line["slope"] * x + line["intercept"] - y) for x, y in points) / len(points)
    metrics.log_metric("mean_absolute_error", round(error, 6))
    print(f"mean absolute error {error:.6f}")
    return round(error, 6)


@dsl.pipeline(name="train", description="Fit a line and evaluate it.")
def pipeline(rows: int = 100, ratio: float = 0.8) -> float:
    data = load(rows=rows)
    parts = split(data=data.outputs["data"], ratio=ratio)
    model = fit(train=parts.outputs["train"])
    return evaluate(model=model.outputs["model"], test=parts.outputs["test"]).outputs["Output"]
