"""Any program of any image: placeholders, environment variables, files in and out."""

from kfp import dsl
from kfp.dsl import Artifact, ConcatPlaceholder, IfPresentPlaceholder, Input, Output, OutputPath


@dsl.container_component
def write(text: str, report: Output[Artifact], length: OutputPath(int), suffix: str = "!"):
    return dsl.ContainerSpec(
        image="alpine:3.20",
        command=[
            "sh",
            "-c",
            'mkdir -p "$(dirname "$2")" "$(dirname "$3")"; printf "%s" "$1" > "$2"; printf "%d" "${#1}" > "$3"',
            "write",
        ],
        args=[ConcatPlaceholder([text, suffix]), report.path, length],
    )


@dsl.container_component
def show(report: Input[Artifact], title: str = None):
    return dsl.ContainerSpec(
        image="alpine:3.20",
        command=["sh", "-c", 'echo "${GREETING}, $*"; cat "$0"; echo', report.path],
        args=[IfPresentPlaceholder(input_name="title", then=["titled", title], else_=["untitled"])],
    )


@dsl.pipeline(name="containers")
def pipeline(text: str = "some text") -> int:
    written = write(text=text)
    show(report=written.outputs["report"], title="Report").set_env_variable("GREETING", "Hello")
    show(report=written.outputs["report"])
    return written.outputs["length"]
