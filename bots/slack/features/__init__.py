"""What Slack has beside messages: backfill, greetings, files, installation, assistant threads."""
