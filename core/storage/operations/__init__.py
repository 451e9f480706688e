"""What operators look at and change: turns one by one, a pause, how the bot stands."""
