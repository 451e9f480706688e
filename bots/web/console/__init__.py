"""The web console for operators, at `/console`: rendered pages that need no script, and nothing from another host."""

PATH = "/console"
"""Where it stands on the address of `[web]`."""
