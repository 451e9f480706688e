"""What may stand in a setting beyond its type, under which old names, and how it is told where it may not."""
