"""What the core speaks of: events, turns, errors, and the ports that the outside fills."""
