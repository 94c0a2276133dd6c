"""What runs take place in: one small protocol, an engine of this machine, and a fake."""
