"""What days came to: turns that ended are counted once, in short transactions beside the answers."""
