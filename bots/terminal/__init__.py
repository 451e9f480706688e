"""The terminal as a frontend: one person, one private place, plain text."""
