"""Everything that knows a platform, a browser or a person at a terminal."""
