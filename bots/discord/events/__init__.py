"""Discord's messages and interactions become events of the core. Pure."""
