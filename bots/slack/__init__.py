"""Slack: its events, its answers, its connection."""
