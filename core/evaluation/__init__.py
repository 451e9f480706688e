"""Asks questions again, at one gateway or several, and compares the answers."""
