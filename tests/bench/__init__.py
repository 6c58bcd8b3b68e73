"""The benchmark: our worker against its peers on one preloaded topic, its latency and its memory; `make bench`."""
