"""*Try it*: a chat in the web console through the same core as everywhere, as a frontend of its own."""

PLATFORM = "web"
"""Its name among the platforms, in settings and in what is stored."""
