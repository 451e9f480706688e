"""Work at a time of its own: digests of channels, and reminders that people asked for."""
