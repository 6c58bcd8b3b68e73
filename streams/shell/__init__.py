"""The only place that knows Faust: transport, agents, producing, snapshots on Kafka, watchdog."""
