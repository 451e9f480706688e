"""How an answer is brought to its reader: split, paced, posted, edited, apologised for."""
