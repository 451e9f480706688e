"""Plays AIVAX' collections: their documents, the filter language, and searches over them."""
