"""The event types of the three streams and the telemetry topic, as frozen typed values."""
