"""PostgreSQL: its address, its connections, and what may stand between."""
