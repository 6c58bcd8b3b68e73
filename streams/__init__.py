"""The pure fold from Kafka records to incidents, and the thin Faust shell around it."""
