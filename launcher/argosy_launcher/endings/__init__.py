"""How a command ended, in words."""
