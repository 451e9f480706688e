"""Slack's mrkdwn as a person reads it: tokens become words, entities become characters.

docs.slack.dev, "Formatting message text". People's `<` comes escaped; what apps post may keep one that begins no token:
it stays as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from bots.slack.events.names import NO_NAMES, NameBook

_TOKEN = re.compile(
    r"<(?:@(?P<user>[A-Z0-9]{2,})"
    r"|\#(?P<channel>[A-Z0-9]{2,})"
    r"|!(?P<special>[a-z_]{1,32}(?:\^[^<>|\n]*)?)"
    r"|(?P<link>(?:[A-Za-z][A-Za-z0-9+.-]{0,31}://|(?:mailto|tel|sms|skype|facetime):)[^<>|\n]+))"
    r"(?:\|(?P<label>[^<>\n]*))?>"
)
_ADDRESSEE = re.compile(r"\s*<@([^<>|]+)(?:\|[^<>]*)?>")


def from_mrkdwn(mrkdwn: str, names: NameBook = NO_NAMES) -> str:
    """Turn `<@U1>` into `@Ann`, `<url|label>` into `label (url)`, and `&lt;` into `<`."""
    return "".join(_words(mrkdwn, names))


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
    """Leave the mentions of one user out at the text's beginning and end: inside, they are part of a sentence."""
    text = mrkdwn.strip()
    if not user:
        return text
    mention = _mention(user).pattern
    leading = re.compile(rf"(?:{mention}(?!['\u2019-])[\s,:]*)+").match(text)
    start, end = leading.end() if leading else 0, len(text)
    last = re.compile(mention)
    while (at := text.rfind("<", start, end)) >= 0 and last.fullmatch(text, at, end):
        end = at + len(text[start:at].rstrip()) - (at - start)
    return text[start:end].strip()


def mentioned(kind: str, id_: str, names: NameBook) -> str:
    """A person (`user`), a `channel` or a `usergroup` by name; where that is unknown, by id, or as `#channel`."""
    if kind == "channel":
        return f"#{names.channel(id_) or 'channel'}"
    return f"@{(names.person(id_) if kind == 'user' else names.group(id_)) or id_}"


def linked(url: str, label: str) -> str:
    """A link with its label; one that only repeats the address says nothing new."""
    bare = url.removeprefix("mailto:")
    if not bare:
        return label
    if not label or label == bare or bare.rstrip("/").endswith("://" + label.rstrip("/")):
        return bare
    return f"{label} ({bare})"


def moment(timestamp: str | int) -> str:
    """A moment as people write it, in UTC; `""` for what is none."""
    try:
        return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return ""


def _mention(user: str) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(user)}(?:\|[^<>]*)?>")


def _words(mrkdwn: str, names: NameBook) -> Iterator[str]:
    at = 0
    for token in _TOKEN.finditer(mrkdwn):
        yield unescaped(mrkdwn[at : token.start()])
        yield _word(token, names)
        at = token.end()
    yield unescaped(mrkdwn[at:])


def _word(token: re.Match[str], names: NameBook) -> str:
    label = unescaped(token["label"] or "").strip()
    if user := token["user"]:
        return f"@{label.lstrip('@')}" if label else mentioned("user", user, names)
    if channel := token["channel"]:
        return f"#{label.lstrip('#')}" if label else mentioned("channel", channel, names)
    if link := token["link"]:
        return linked(unescaped(link), label)
    return _special(token["special"], label, names) or token[0]


def _special(special: str, label: str, names: NameBook) -> str:
    kind, _, rest = special.partition("^")
    if kind == "date":
        return label or moment(rest.partition("^")[0])
    if label:
        return f"@{label.lstrip('@')}"
    return mentioned("usergroup", rest, names) if kind == "subteam" and rest else f"@{kind}"
