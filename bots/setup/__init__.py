"""`aivax-bots init`: a guided set-up that tries each answer, and writes the configuration."""
