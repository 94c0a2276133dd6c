"""What a person sees of a run: live on a terminal, as plain lines elsewhere, and a summary."""
