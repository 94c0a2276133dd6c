"""What Argo's controller would decide, as a pure state machine over the workflow."""
