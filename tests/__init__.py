"""Tests of the stream processor; README.md says where a new one goes."""
