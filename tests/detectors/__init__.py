"""Rates of false alarms, delays, skill and edges of every detector, on generated series."""
