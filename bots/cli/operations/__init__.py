"""Commands that look at a running bot, or change what it does: its turns, a pause, its status."""
