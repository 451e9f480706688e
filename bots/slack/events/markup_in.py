"""Slack's incoming text, as a person reads it: tokens become words, entities become characters."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"<([^<>\n]+)>")
_ADDRESSEE = re.compile(r"\s*<@([^<>|]+)(?:\|[^<>]*)?>")


def readable(wire: str) -> str:
    """Turn `<@U1|ann>` into `@ann`, `<url|label>` into `label (url)`, and `&lt;` into `<`."""
    return unescaped(_TOKEN.sub(lambda token: _word(token.group(1)), wire))


def unescaped(wire: str) -> str:
    return wire.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentions(wire: str, user: str) -> bool:
    """Whether the text mentions that user."""
    return bool(user) and _mention(user).search(wire) is not None


def begins_with_another(wire: str, user: str) -> bool:
    """Whether the text turns to somebody else first: who begins with a mention speaks to whom they mention."""
    found = _ADDRESSEE.match(wire)
    return found is not None and found.group(1) != user


def without_mention(wire: str, user: str) -> str:
    """Leave the mentions of one user out, with the blanks behind them."""
    return _mention(user).sub("", wire).strip() if user else wire.strip()


def _mention(user: str) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(user)}(?:\|[^<>]*)?>[ \t]*")


def _word(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target[0] in "@#":
        return target[0] + (label.lstrip("@#") or target[1:])
    if target.startswith("!date^"):
        return label or target
    if target.startswith("!subteam^"):
        return "@" + (label.lstrip("@") or target.removeprefix("!subteam^"))
    if target.startswith("!"):
        return "@" + (label.lstrip("@") or target[1:])
    return _link(target, label)


def _link(target: str, label: str) -> str:
    """A label that only repeats its address says nothing new."""
    url = target.removeprefix("mailto:")
    if not label or label == url or url.rstrip("/").endswith("://" + label.rstrip("/")):
        return url
    return f"{label} ({url})"
