"""Tests with the real tools of operations (Prometheus); `make test-ops` runs them."""
