"""One Python component with one parameter."""

from kfp import dsl


@dsl.component
def hello(name: str) -> str:
    message = f"Hello, {name}!"
    print(message)
    return message


@dsl.pipeline(name="hello", description="Say hello.")
def pipeline(name: str = "World") -> str:
    return hello(name=name).output
