"""Everything that knows a platform, a browser or a person at a terminal."""

# The exit statuses of `aivax-bots`.

CRASH = 1
LOST = 1
"""After a database that was gone: what came meanwhile was refused."""
PROBLEM = 2
"""A command can't do its work until a setting, an option or the version is changed: trying again does not help. A
wrong option on the command line ends with it, too."""
PASSING = 75
"""Trying again may help: the database is away or in use, or the system refused something (EX_TEMPFAIL of
sysexits.h)."""
INTERRUPTED = 130
