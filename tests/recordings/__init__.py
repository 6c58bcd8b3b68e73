"""The product on real recordings with labels: what it finds, misses and makes up."""
