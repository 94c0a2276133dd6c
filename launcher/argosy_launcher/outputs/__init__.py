"""What a command made: its parameters and artifacts, and what Argo is told of them."""
