"""Completions of the gateway: one asked for, tried again, and read."""
