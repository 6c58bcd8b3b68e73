"""Service levels: deadlines of reports and dossiers, waits, and what else is held against a target; no incidents."""
