"""Learns files and threads into a collection of AIVAX: their text is extracted, split, sent, and kept current."""
