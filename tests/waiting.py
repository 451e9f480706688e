"""Waiting in tests, from the kit that frontends of other packages use, too."""

from aivax_bots.testing.waiting import WITHIN_S, ended, soon, until, waiting_for

__all__ = ["WITHIN_S", "ended", "soon", "until", "waiting_for"]
