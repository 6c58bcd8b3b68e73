"""Adapters from other systems' formats to events of this project."""
