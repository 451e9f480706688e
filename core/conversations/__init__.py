"""Conversations: which one a message belongs to, and how much of it the model sees."""
