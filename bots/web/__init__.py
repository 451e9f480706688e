"""What the bot shows over HTTP: whether it lives, and whether it can do its work."""
