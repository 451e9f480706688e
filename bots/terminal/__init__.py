"""The terminal as a frontend: one person, one private place, Markdown formatted where someone watches."""
