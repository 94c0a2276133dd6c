"""An exit handler that runs after the other tasks even if they failed, with their final status."""

from kfp import dsl


@dsl.component
def work(fail: bool):
    if fail:
        raise RuntimeError("failing on purpose")


@dsl.component
def notify(status: dsl.PipelineTaskFinalStatus):
    print(f"{status.pipeline_task_name} ended {status.state}: {status.error_message or 'no error'}")


@dsl.pipeline(name="exit-handler")
def pipeline(fail: bool = False):
    with dsl.ExitHandler(notify()):
        work(fail=fail)
