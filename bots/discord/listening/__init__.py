"""The way in: discord.py's gateway, its watchdog, and the intake."""
