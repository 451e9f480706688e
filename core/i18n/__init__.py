"""The bot's own words: catalogues, a translator for each language, numbers and dates in their forms."""
