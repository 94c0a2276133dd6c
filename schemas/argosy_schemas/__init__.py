"""The formats that all packages share: IR, step, records, parameter values."""
