"""The core of aivax-bots: it knows no platform, no terminal and no web framework."""

__version__ = "0.1.0"
