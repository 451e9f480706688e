"""Job queues on PostgreSQL, bare and side by side: `python -m benchmarks.engines --help`."""
