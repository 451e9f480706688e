"""What stands in a line in one piece, and marks nothing: links, addresses, tags, entities, names of emoji.

A half one is what only more text makes whole.
"""

from __future__ import annotations

import re

from core.markdown.html import NAMES

_WORDS = r"\[(?:[^\[\]\\\n]++|\\.|\[[^\[\]\n]*+\])*+"
_TITLE = r"""(?:"[^"\n]*+"|'[^'\n]*+')"""
_HALF_TITLE = r"""(?:"[^"\n]*+"?+|'[^'\n]*+'?+)"""
_END, _HALF_END = rf"(?:\s++{_TITLE})?+\s*+", rf"(?:\s++{_HALF_TITLE}?+\s*+)?+"
_ADDRESS = r"(?:[^\s()<>]++|\([^\s()<>]*+\))*+"
_POINTED = r"<(?:[^<>\n\]]++|\](?!\())*+"
_TARGET = rf"\(\s*+(?:<?+{_ADDRESS}>?+{_END}|{_POINTED}>{_END})\)"
"""As chat clients read one: a `<` or `>` needs no partner. Between the two may be blanks, but no other link."""
_HALF_TARGET = rf"\(\s*+(?:<?+{_ADDRESS}(?:\([^\s()<>]*+|>?+{_HALF_END})|{_POINTED}(?:>{_HALF_END})?+)"
_TAG = rf"/?(?!(?-i:[A-Z])[\s/])(?:{NAMES})[\s/][^<>\n]{{0,300}}+"
_LABELLED = r"[A-Za-z][A-Za-z0-9+.-]*+:[^\s<>|]*+\|[^<>\n|]{0,300}+"
_WITH_BLANKS = rf"{_TAG}|{_LABELLED}"


TOKEN = re.compile(
    r"(?P<whole>\\[!-/:-@\[-`{-~]"
    rf"|!?{_WORDS}\](?:{_TARGET}|\[[^\[\]\n]*+\])"
    rf"|<(?:[^\s<>]{{1,2000}}+|{_WITH_BLANKS})>"
    r"|&(?:\#\d{1,7}+|\#[xX][0-9a-fA-F]{1,6}+|[A-Za-z][A-Za-z0-9]{0,31}+);"
    r"|:[A-Za-z0-9_+-]{1,50}+:)"
    r"|(?P<url>(?:https?|ftp)://(?:[!-)+-;=?-_a-{}]++|~(?!~))*+)"
    rf"|(?P<half>(?:!?{_WORDS}(?:\](?:{_HALF_TARGET}|\[[^\[\]\n]*+)?)?"
    rf"|<(?:[^\s<>]{{0,2000}}+|{_WITH_BLANKS})"
    r"|&(?:\#?[A-Za-z0-9]{0,31}+)|:[A-Za-z0-9_+-]{1,50}+|(?:https?|ftp)(?::/?+)?+|\\)\Z)"
    r"|(?P<ticks>`++)"
    r"|(?P<run>\*++|_++|~~++|\|\|++)",
    re.IGNORECASE,
)
"""The next token, or the next run of backticks or signs; its last group tells which."""
