"""Slack's mrkdwn as a person reads it: tokens become words, entities become characters."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"<([^<>\n]+)>")
_ADDRESSEE = re.compile(r"\s*<@([^<>|]+)(?:\|[^<>]*)?>")


def from_mrkdwn(mrkdwn: str) -> str:
    """Turn `<@U1|ann>` into `@ann`, `<url|label>` into `label (url)`, and `&lt;` into `<`."""
    return unescaped(_TOKEN.sub(lambda token: _word(token.group(1)), mrkdwn))


def unescaped(mrkdwn: str) -> str:
    return mrkdwn.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentions(mrkdwn: str, user: str) -> bool:
    """Whether the text mentions that user."""
    return bool(user) and _mention(user).search(mrkdwn) is not None


def begins_with_another(mrkdwn: str, user: str) -> bool:
    """Whether the text begins with the mention of somebody else, and so is meant for them."""
    found = _ADDRESSEE.match(mrkdwn)
    return found is not None and found.group(1) != user


def without_mention(mrkdwn: str, user: str) -> str:
    """Leave the mentions of one user out, with the blanks behind them."""
    return _mention(user).sub("", mrkdwn).strip() if user else mrkdwn.strip()


def _mention(user: str) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(user)}(?:\|[^<>]*)?>[ \t]*")


def _word(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target[0] in "@#":
        return target[0] + (label.lstrip("@#") or target[1:])
    if target.startswith("!date^"):
        return label or target
    if target.startswith("!"):
        return "@" + (label.lstrip("@") or target[1:].removeprefix("subteam^"))
    return _link(target, label)


def _link(target: str, label: str) -> str:
    """A label that only repeats its address says nothing new."""
    url = target.removeprefix("mailto:")
    if not label or label == url or url.rstrip("/").endswith("://" + label.rstrip("/")):
        return url
    return f"{label} ({url})"
