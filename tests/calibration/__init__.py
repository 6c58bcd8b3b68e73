"""Calibration: how often detectors' tails fall below a level on quiet series, against how often they say they do."""
