"""Calls to Discord's API: discord.py's session, its rate limits, and foreign errors as ours."""
