"""The ways in: Socket Mode, HTTP, and the intake that they share."""
