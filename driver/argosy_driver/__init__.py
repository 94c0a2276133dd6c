"""What happens before a task's command runs: inputs, conditions, the cache, the step."""
