"""What Discord has beside messages: backfill, commands, files, surroundings."""
