"""Formats that cross between rooms: packed IR, step, records, cache entries."""
