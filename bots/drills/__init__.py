"""Drills: what happens when AIVAX says no, played against the sandbox through the real core."""
