"""The web console for operators, at `/console`: server-rendered pages that need no script, nothing from another host."""

PATH = "/console"
"""Where it stands on the address of `[web]`."""
