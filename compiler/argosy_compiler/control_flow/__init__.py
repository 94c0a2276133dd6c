"""How a workflow decides: conditions, loops, and the values that they read."""
