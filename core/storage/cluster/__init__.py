"""What several processes on one PostgreSQL share: connections to platforms, and how often these may be called."""
