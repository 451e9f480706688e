"""The stream of an answer: bytes become server-sent events, events become what was said."""
