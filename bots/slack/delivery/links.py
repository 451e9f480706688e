"""Links in Markdown, written so that each leads to its address in Slack.

Slack makes a link of a bare address, and takes into it what stands right behind: the `**` that ends bold text, a
bracket, a word of a language that is written without blanks (PostHog/posthog#62848, NousResearch/hermes-agent#70860).
So an address stays bare only between blanks, and is written as `[address](address)` elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.markdown.html import ENTITY, without_entities

_MOST = 2_000
_LABEL_MOST = 1_000
_BARE = re.compile(rf"(?:https?://|www\.)[^\s<>|`\"\x00-\x1f]{{1,{_MOST}}}", re.IGNORECASE)
_MAYBE_BARE = re.compile(
    r"(?:h(?:t(?:t(?:p(?:s?(?::(?:/(?:/)?)?)?)?)?)?)?|w(?:w(?:w\.?)?)?"
    rf"|(?:https?://|www\.)[^\s<>|`\"\x00-\x1f]{{1,{_MOST}}})\Z",
    re.IGNORECASE,
)
_CJK = (
    r"\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uffdc"
    r"\U00020000-\U0003ffff"
)
"""Letters of languages that are written without blanks."""
_SIGNS = (
    r"\u00ab\u00bb\u2018-\u201f\u2026\u2039\u203a\u3000-\u3004\u3008-\u303f\u30fb\uff00-\uff0f\uff1a-\uff20"
    r"\uff3b-\uff40\uff5b-\uff65"
)
"""Quotation marks, and the punctuation of those languages: in no address."""
_STOP = re.compile(
    rf"\*\*|~~|[{_SIGNS}]|&(?:lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);"
    rf"|(?<=[A-Za-z0-9)])[{_CJK}]",
    re.IGNORECASE,
)
_ROOT = re.compile(rf"https?://[^/?#\s]*/(?=[{_CJK}])", re.IGNORECASE)
"""A host that a word follows: hardly any address has such letters right below its host."""
_TRAILING = frozenset(".,:;!?'*_~\\")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_EMPHASIS_END = {"*": re.compile(r"\*"), "_": re.compile(r"_(?=[^\x00-\x7f])|_[^A-Za-z0-9]*\Z")}
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")

_TITLE = r"""(?:[ \t\n]+(?:"[^"\n]{0,300}"|'[^'\n]{0,300}'|\([^()\n]{0,300}\)))?"""
_INLINE = re.compile(
    rf"\[(?P<label>(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]{{0,200}}+\]){{0,{_LABEL_MOST}}}+)\]"
    rf"\([ \t]*(?:<?(?P<plain>(?![<>])(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.){{0,500}}+\)){{1,{_MOST}}}+){_TITLE}"
    rf"|<(?P<pointed>(?:[^<>\n\]]|\](?!\()){{0,{_MOST}}}+)>{_TITLE})[ \t]*\)"
)
_MAYBE_INLINE = re.compile(
    rf"\[(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]{{0,200}}+\]){{0,{_LABEL_MOST}}}+"
    rf"(?:\\?|\[[^\[\]\n]{{0,200}}+|"
    rf"\](?:\([ \t]*(?:\S{{0,{_MOST}}}+[^\n<>]{{0,{_MOST}}}+|<[^<>\n]{{0,{_MOST}}}+>?[^\n<>]{{0,300}}+))?)\Z"
)
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\([^()]*\)")

_AUTOLINK = re.compile(
    r"<(?P<url>[A-Za-z][A-Za-z0-9+.-]{1,31}://[^\s<>|]{1,2000}|(?P<bare>mailto|tel|sms|sip|xmpp|magnet|geo|news):[^\s<>|]{1,2000})"
    r"(?:\|(?P<label>[^<>\n|]{1,500}))?>",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"<([A-Za-z0-9][A-Za-z0-9.!#$%&'*+/=?^_{}~-]{0,100}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10})>"
)
_MAYBE_AUTOLINK = re.compile(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]{0,31}(?::[^\s<>]{0,2000}(?:\|[^<>\n|]{0,500})?)?"
    r"|[A-Za-z0-9.!#$%&'*+/=?^_{}~-]{1,100}(?:@[A-Za-z0-9.-]{0,700})?)\Z"
)
_IN_LABEL = re.compile(r"[\\*`\[\]~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_NEVER_RAW = re.compile(r"[\s<>\"\\|\x00-\x1f]")
_GROWS = {
    "://": re.compile(r"://[^\s<>|`\"]*+"),
    ".": re.compile(r"[wW]{3}\.[^\s<>|`\"]*+"),
    "<": re.compile(r"<[A-Za-z0-9][^\s<>:@]*+[:@][^\s<>]*+"),
    "](": re.compile(r"\]\([ \t]*<[^<>\n]*+"),
}
"""What may become longer, by a sign that stands in it: most texts have none, and are measured often."""
_AROUND = 24
"""The signs around a link, its scheme and what it takes to write it twice."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it was written."""

    address: str
    label: str
    """Markdown; empty where only the address was written."""
    end: int
    """Where in the text it ends."""

    @property
    def may_be_bare(self) -> bool:
        """Whether Slack makes the same link of the address alone, between blanks."""
        has_no_marks = self.shown_address == self.address
        return (
            not self.label
            and self.address.startswith("http")
            and self.address[-1] not in _TRAILING
            and has_no_marks
        )

    @property
    def shown_address(self) -> str:
        """The address as a reader is to see it, where it has no other label."""
        words = without_scheme(self.address)
        alone = {sign for sign in "*_~" if words.count(sign) == 1}  # which marks nothing
        return _IN_LABEL.sub(lambda sign: sign[0] if sign[0] in alone else "\\" + sign[0], words)


def begins_address(text: str, at: int) -> bool:
    """Whether a bare address stands there."""
    return _BARE.match(text, at) is not None


def may_become_address(text: str, at: int) -> bool:
    """Whether a bare address could stand there, or go on, once more text comes."""
    return _MAYBE_BARE.match(text, at) is not None


def bare_address(text: str, at: int, emphasis: str) -> Link | None:
    """The bare address that stands there, without what only stands behind it. `emphasis`: the marks that are open."""
    found = _BARE.match(text, at)
    if found is None:
        return None
    written = _without_tail(found[0], emphasis)
    if len(written) <= written.find("://") + 3 or len(written) <= len("www."):
        return None
    address = _ESCAPED.sub(r"\1", written)
    has_scheme = address.lower().startswith("http")
    return Link(
        address if has_scheme else f"http://{address}", "" if has_scheme else address, at + len(written)
    )


def _without_tail(run: str, emphasis: str) -> str:
    if stop := _STOP.search(run):
        run = run[: stop.start()]
    if root := _ROOT.match(run):
        run = run[: root.end()]
    for mark in emphasis:
        if end := _EMPHASIS_END[mark].search(run):
            run = run[: end.start()]
    while run and (run[-1] in _TRAILING or _is_alone(run)):
        run = run[:-1]
    return run


def _is_alone(run: str) -> bool:
    """Whether a closing bracket ends a text that it was not opened in."""
    opening = _PAIRS.get(run[-1])
    return opening is not None and run.count(run[-1]) > run.count(opening)


def inline_link(text: str, at: int) -> Link | None:
    """The link `[label](address)` that stands there."""
    found = _INLINE.match(text, at)
    if found is None:
        return None
    address = found["plain"].removesuffix(">") if found["pointed"] is None else found["pointed"]
    label = found["label"]
    if picture := _PICTURE.fullmatch(label.strip()):  # a link has no picture in it there
        label = picture[1]
    return Link(_ESCAPED.sub(r"\1", address), label, found.end())


def may_become_inline_link(text: str, at: int) -> bool:
    """Whether more text could make a link of what stands at the end."""
    return _MAYBE_INLINE.match(text, at) is not None


def pointed_link(text: str, at: int) -> Link | None:
    """The link that stands there between `<` and `>`: CommonMark's, or Slack's own with a label."""
    if mail := _MAIL.match(text, at):
        return Link(f"mailto:{mail[1]}", "", mail.end())
    found = _AUTOLINK.match(text, at)
    return Link(found["url"], found["label"] or "", found.end()) if found else None


def may_become_pointed_link(text: str, at: int) -> bool:
    """Whether more text could make such a link of what stands at the end."""
    return _MAYBE_AUTOLINK.match(text, at) is not None


def without_scheme(address: str) -> str:
    """An address as people say it: of a mail address and a telephone number only that."""
    scheme, colon, rest = address.partition(":")
    return rest.partition("?")[0] if colon and scheme.lower() in ("mailto", "tel", "sms") else address


def encoded(address: str) -> str:
    """Write an address so that it stays one between `](` and `)`, and nothing in it is read as an entity.

    `&amp;` would break it, so an `&` stays as it is.
    """
    address = _NEVER_RAW.sub(_percent, without_entities(address))
    if not _is_balanced(address):
        address = address.replace("(", "%28").replace(")", "%29")
    return ENTITY.sub(lambda entity: entity[0][:-1] + "%3B", address)


def _percent(sign: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in sign[0].encode())


def _is_balanced(address: str) -> bool:
    depth = 0
    for sign in address:
        depth += (sign == "(") - (sign == ")")
        if depth < 0 or depth > 1:
            return False
    return depth == 0


def growth(text: str, room: Callable[[str], int]) -> int:
    """How much longer a text's links may become, at most; never shrinks as the text grows.

    `room` tells how much room a link's text takes when it is written twice.
    """
    return sum(
        room(run) + _AROUND for sign, runs in _GROWS.items() if sign in text for run in runs.findall(text)
    )
