"""The terminal as a frontend: one person, one private place, Markdown formatted where someone watches."""

PLATFORM = "console"
"""The terminal's name among the platforms, in settings and in what is stored."""
