"""The database itself: engine, types, tables, migrations, retries and locks, alike for SQLite and PostgreSQL."""
