"""Batches: a file of many rows becomes items at AIVAX, is watched until they are done, and comes back as a file."""
