"""What is left of a task when its command has ended: outputs, uploads, records."""
