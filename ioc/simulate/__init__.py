"""A seeded province: cameras, field reports, counters, faults and injected incidents with their truth."""
