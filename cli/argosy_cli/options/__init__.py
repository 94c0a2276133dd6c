"""Options of commands, and what they stand for."""
