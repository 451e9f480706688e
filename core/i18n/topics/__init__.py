"""Sentences of a topic, each in a file of its own."""
