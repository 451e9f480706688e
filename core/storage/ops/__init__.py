"""What operators do with the database: backup, restore, retention, a look at the numbers."""
