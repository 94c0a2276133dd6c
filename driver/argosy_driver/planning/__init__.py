"""Plan a run: what each of its tasks would do, without running anything."""
