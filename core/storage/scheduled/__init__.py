"""What is stored of digests and reminders."""
