"""What everything generated under `deploy/` is made from: one source of names, thresholds, rules and dashboards."""
