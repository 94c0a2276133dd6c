"""What remains to be done for a task after its command: outputs, uploads, records."""
