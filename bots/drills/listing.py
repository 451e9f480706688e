"""Which drills there are. Imports none of them: `aivax-bots drill --list` is fast."""

from __future__ import annotations

from collections.abc import Mapping

SUMMARIES: Mapping[str, str] = {
    "balance": "the account runs out of credit, and is topped up",
    "media-balance": "the balance is too low for files",
    "storage": "the account's storage is over its quota",
    "rate-limit": "AIVAX takes no more calls for ten minutes",
    "outage": "AIVAX is down for a while",
    "poison": "AIVAX fails at one question, and answers the others",
    "cut-stream": "the connection breaks in the middle of an answer",
    "stream-error": "AIVAX reports an error in the middle of an answer",
    "slow": "the answer drips in, a few bytes at a time",
    "garbage": "bytes that are no events stand in the answer",
    "bad-key": "AIVAX refuses the key",
    "unknown-gateway": "AIVAX doesn't know the gateway",
    "silence": "AIVAX takes the call and says nothing",
}
"""The name of each drill, and what happens in it."""


def listing() -> str:
    """Every drill with what happens in it."""
    width = max(map(len, SUMMARIES))
    return "\n".join(f"{name:<{width}}  {summary}" for name, summary in SUMMARIES.items())
