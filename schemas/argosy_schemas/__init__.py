"""The formats that every room shares: IR, step, records, parameter values."""
