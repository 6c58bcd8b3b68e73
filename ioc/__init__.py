"""Everything that touches the world: configuration, command line, metrics, broker, recordings, simulator."""

__version__ = "0.1.0"
