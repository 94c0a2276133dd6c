"""What became of the runs of a namespace: their states, outputs, logs and causes."""
