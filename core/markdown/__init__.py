"""The one Markdown scanner: where a text may be cut, and which fences are open there."""
