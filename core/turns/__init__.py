"""Turns: who runs them, when, and what becomes of them."""
