"""Conditions: one of three branches runs, and its value is returned."""

from kfp import dsl


@dsl.component
def grade(score: int) -> str:
    return "good" if score >= 80 else "fair" if score >= 50 else "poor"


@dsl.component
def say(text: str) -> str:
    print(text)
    return text


@dsl.pipeline(name="conditions")
def pipeline(score: int = 60) -> str:
    result = grade(score=score)
    with dsl.If(result.output == "good"):
        good = say(text="Ship it")
    with dsl.Elif(result.output == "fair"):
        fair = say(text="Train longer")
    with dsl.Else():
        poor = say(text="Start again")
    return say(text=dsl.OneOf(good.output, fair.output, poor.output)).output
