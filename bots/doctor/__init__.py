"""`aivax-bots doctor`: is it well, and if not, what is the one thing to do?"""
