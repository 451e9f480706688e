"""Summaries of conversations as they are stored: read, made under a fence, and dropped with what they are of."""
