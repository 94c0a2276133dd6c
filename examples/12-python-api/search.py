"""Search the best value of a parameter by running a pipeline for each candidate."""

import argosy

CANDIDATES = (2, 3, 5, 7, 9)


def show(event: argosy.Event) -> None:
    """Print each task that came to its end."""
    if isinstance(event, argosy.TaskFinished):
        print(f"  {event.path}: {'cached' if event.cached else event.state}")


pipeline = argosy.read("pipeline.yaml")
print(f"{pipeline.name} takes {', '.join(pipeline.parameters)}")

errors = {}
for window in CANDIDATES:
    print(f"window {window}")
    result = argosy.run(pipeline, {"window": window}, on_event=show)
    if result.state is not argosy.RunState.SUCCEEDED:
        raise SystemExit(result.error)
    errors[window] = result.outputs.parameters["Output"]

best = min(errors, key=errors.get)
print(f"best: window {best}, error {errors[best]}")
