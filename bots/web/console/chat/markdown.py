"""An answer's Markdown as HTML that is safe on a page: no markup of the model's own, no picture from elsewhere, no
address but of the web and of mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SCHEMES = ("http", "https", "mailto")
HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5"}
"""A page has headings of its own above an answer's."""
MOST_NESTED = 20
_LANGUAGE = re.compile(r"[A-Za-z0-9+#.-]{1,30}")


def html_of(text: str) -> str:
    """The HTML of a text. Everything in it that is no Markdown is escaped."""
    return str(_parser().render(text))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # takes a moment to import

    options = {
        "html": False,
        "linkify": False,
        "typographer": False,
        "breaks": True,
        "maxNesting": MOST_NESTED,
    }
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.validateLink = _is_fine  # type: ignore[method-assign, assignment]  # as its documentation has it
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _is_fine(address: str) -> bool:
    """Whether a link may lead there: elsewhere on the web, or to a mail program."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and (parts.scheme.lower() == "mailto" or bool(parts.netloc))


def _picture(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """A link in a picture's place: to load one would tell another host who reads."""
    address, shown = str(tokens[index].attrs.get("src", "")), tokens[index].content or "…"
    return f'<a href="{escape(address)}" {_AWAY}>{escape(shown)}</a>'


def _fence(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    language = (tokens[index].info.split() or [""])[0]
    named = f' data-language="{language}"' if _LANGUAGE.fullmatch(language) else ""
    return f'<pre tabindex="0"{named}><code>{escape(tokens[index].content)}</code></pre>\n'


def _link_open(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    return f'<a href="{escape(str(tokens[index].attrs.get("href", "")))}" {_AWAY}>'


def _heading_open(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    return f"<{HEADINGS.get(tokens[index].tag, 'h6')}>"


def _heading_close(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    return f"</{HEADINGS.get(tokens[index].tag, 'h6')}>\n"


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _cell_open(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """Without the style that says how it is aligned: the page's policy takes none."""
    return f"<{tokens[index].tag}>"


_AWAY = 'target="_blank" rel="noopener noreferrer nofollow"'
_RULES = {
    "image": _picture,
    "fence": _fence,
    "code_block": _fence,
    "link_open": _link_open,
    "heading_open": _heading_open,
    "heading_close": _heading_close,
    "table_open": _table_open,
    "table_close": _table_close,
    "th_open": _cell_open,
    "td_open": _cell_open,
}
