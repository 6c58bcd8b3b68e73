"""NumPy anomaly detectors over many series at once: no I/O, no clock, no logging."""
