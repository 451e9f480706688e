"""Slack's payloads become events of the core. Pure."""
