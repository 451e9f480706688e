"""Answers on Slack: channels, streams, ephemeral messages."""
