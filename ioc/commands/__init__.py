"""One file per command of `ioc`; each exposes a click command named `command`."""
