"""The one Markdown scanner: where a text may be cut, and what is open there: fences, tables, quotes, marks."""
