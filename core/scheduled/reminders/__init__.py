"""Reminders: a person says when, and what; the bot says it then, where they asked."""
