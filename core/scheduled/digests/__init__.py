"""Digests: what was said in a channel since the one before, each claim with a link to its message."""
