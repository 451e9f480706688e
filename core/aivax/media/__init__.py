"""What AIVAX makes, by its generations of media and by its own tools, and how it is fetched."""
