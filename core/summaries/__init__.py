"""Summaries of what falls out of a conversation's history window: made after answers, shown to their person."""
