"""Caps on what answers may cost."""
