"""What the bot knows beside the model: the collections that a place may search, and answers that name their sources."""
