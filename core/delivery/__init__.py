"""How an answer reaches people, whatever the platform: edits, parts, pacing, buttons, error messages."""
