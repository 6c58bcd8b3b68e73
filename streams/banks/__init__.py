"""What watches what: each bank observes its events, waits for the watermark, and lets its detectors score."""
