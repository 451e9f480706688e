"""Signing in with an account elsewhere: OpenID Connect, or a chat platform for the people in `[operators]`."""
