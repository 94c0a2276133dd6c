"""An importer registers a file that exists already; it needs no process and no pod."""

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def count_lines(data: Input[Dataset]) -> int:
    with open(data.path) as file:
        return len(file.readlines())


@dsl.pipeline(name="importer")
def pipeline(uri: str) -> int:
    data = dsl.importer(
        artifact_uri=uri, artifact_class=Dataset, reimport=False, metadata={"source": uri}
    )
    return count_lines(data=data.output).output
