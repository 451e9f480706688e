"""What goes out to Slack can't ping, and what comes in can be read."""

import re
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bots.slack.delivery.home import page
from bots.slack.delivery.markup_out import Sanitizer, disarmed, safe, size, wire_bytes
from bots.slack.delivery.messages import letters, message_content, shown_up_to
from bots.slack.delivery.plain_text import plain_text
from bots.slack.delivery.streaming.streams import closing
from bots.slack.delivery.streaming.surface import GrowingText
from bots.slack.events.mrkdwn import from_mrkdwn, mentions, without_mention
from tests.platforms.slack.reader import addresses, drawn, unread_marks
from tests.platforms.slack.text import links, pings
from tests.processor_time import cost_s

TOKENS = (
    "<!channel>",
    "<!here>",
    "<!everyone|now>",
    "<@U0000000001>",
    "<@U0000000001|ann>",
    "<!subteam^S0000000001>",
    "<#C0000000001>",
    "<!date^1392734382^{date}|x>",
)
LINKS = (
    "<https://a.example/?a=1&b=2>",
    "<mailto:a@b.example>",
    "[l](https://a.example/?x&lt;y)",
    "<https://evil.example/|click here>",
    "<ops@a.example>",
    "<ftp://a.example/z>",
    "[a](<https://a.example/b c> 't')",
    "![a](https://a.example/p.png)",
    "https://a.example/x_(y)",
    "www.a.example",
    "](",
    "[",
    "http",
    "https://",
)
HTML = (
    "<b>",
    "</b>",
    "<i>x</i>",
    "<br>",
    "<BR/>",
    "<sub>2</sub>",
    "<sup>",
    "</sup>",
    "<code>a`b</code>",
    "<details>",
    "<summary>s</summary>",
    "<!--",
    "-->",
    '<a href="https://a.example/?q=1&amp;r=2">',
    "</a>",
    "<li>",
    "<h2>",
    "<hr>",
    "<td>",
    '<img src="https://a.example/i.png" alt="x">',
    "<T>",
)
MARKS = ("*", "**", "***", "_", "__", "~~", "~", "\\", "|", "重", "：", "「", "」", "です", ". ", ",")
SIGNS = (
    "&lt;",
    "&amp;lt;",
    "&",
    "&#60;",
    "&#64;",
    "&amp;",
    "&rarr;",
    "&nbsp;",
    "&#42;",
    "<",
    ">",
    "`",
    "``",
    "```",
    "```py\n",
    "~~~",
    "\n",
    "\n\n",
    "> ",
    "    ",
    "- ",
)
WORDS = ("http", "https://", "a", "é", "😀", "x & y", "|", "- ")
PIECES = st.lists(
    st.sampled_from([*TOKENS, *LINKS, *HTML, *MARKS, *SIGNS, *WORDS]) | st.text(max_size=5),
    max_size=30,
)

unhurried = settings(deadline=None)  # machines that run tests are busy


def seen(wire: str) -> str:
    """What a person sees of a text that went out: Slack reads its three entities once."""
    return re.sub(
        "&(?:amp|lt|gt);", lambda entity: {"&amp;": "&", "&lt;": "<", "&gt;": ">"}[entity.group()], wire
    )


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    "around", ["{}", "hey {} you", "`{}`", "```\n{}\n```", "> {}", "- {}", "| {} |", "**{}**"]
)
def test_no_token_of_slack_s_stays_alive_in_any_form(token: str, around: str) -> None:
    text = around.format(token)

    assert not pings(safe(text))
    assert "<" not in safe(text)
    assert seen(safe(text)) == text


@unhurried
@given(PIECES)
def test_nothing_that_a_model_writes_can_ping(pieces: list[str]) -> None:
    assert "<" not in safe("".join(pieces))


@unhurried
@given(PIECES)
@example(["<!chan", "nel>"])
@example(["&", "lt;"])
@example(["<https://a.exa", "mple/>"])
@example(["``", "`\n<https://a.example/>"])
@example(["```x", "`<https://a.example/>"])
@example(["`a\n", "\n<https://a.example/>"])
@example(["```\n``", "`\n<https://a.example/>"])
def test_however_a_text_is_cut_it_becomes_the_same(pieces: list[str]) -> None:
    piecewise = Sanitizer()

    said = "".join([*(piecewise.feed(piece) for piece in pieces), piecewise.rest()])

    assert said == safe("".join(pieces))


@unhurried
@given(st.lists(st.sampled_from([*TOKENS[:5], *MARKS, *SIGNS, *WORDS]) | st.text(max_size=5), max_size=30))
def test_what_is_no_markdown_is_seen_as_it_was_written(pieces: list[str]) -> None:
    text = "".join(pieces)

    assert seen(disarmed(text)) == text
    assert "<" not in disarmed(text)


@unhurried
@given(PIECES, PIECES)
def test_the_size_is_never_too_small_and_never_shrinks(first: list[str], more: list[str]) -> None:
    begun, whole = "".join(first), "".join(first + more)

    assert size(begun) <= size(whole)
    assert len(safe(whole).encode("utf-16-le", "surrogatepass")) // 2 <= size(whole)
    assert wire_bytes(begun) <= wire_bytes(whole)
    assert len(safe(whole).encode("utf-8", "surrogatepass")) <= wire_bytes(whole)


def test_markdown_keeps_working() -> None:
    text = (
        "# Title\n> quoted -> so\n\n- [ ] a & b\n\n| a | b |\n|---|---|\n\n[link](https://a.example/?x=1&y=2)"
    )

    assert safe(text) == text


ADDRESSES = (
    "https://a.example/",
    "https://a.example/?a=1&b=2",
    "https://a.example/x_(y)",
    "https://a.example/__init__.py",
    "https://a.example/a-b_c~d",
    "HTTPS://a.example/UP",
)
WAYS = (
    "{}",
    "<{}>",
    "**{}**",
    "**<{}>**",
    "*{}*",
    "__{}__",
    "_{}_",
    "~~{}~~",
    "({})",
    "[{}]",
    '"{}"',
    "“{}”",
    "{}.",
    "{}, and",
    "{}!?",
    "詳細は{}です。",
    "「{}」",
    "（<{}>）",
    "[words]({})",
    "[{0}]({0})",
    "**[words]({})**です",
    "<b>{}</b>",
    "<a href='{}'>words</a>",
    "<{}|words>",
    "|{}|x|\n|---|---|",
    "> **Docs: {}**",
    "- *{}*: x",
    "# {}:",
)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_link_keeps_its_address_and_ends_where_it_ends(way: str) -> None:
    for address in ADDRESSES:
        written = safe(way.format(address))

        assert set(addresses(written)) == {address}
        assert address in plain_text(written)
        assert not unread_marks(written)


QUOTED = ("重要：", "「重点」", "(Markdown)", "Note:", "plain", "100%", "✅ ja", "“x”", "語")
AROUND = ("", "は", "a", " ", "。", "、", ".", "(", "1", "한")


@pytest.mark.parametrize("mark", ["**", "*", "~~"])
@pytest.mark.parametrize("words", QUOTED)
def test_emphasis_is_obeyed_whatever_stands_beside_it(mark: str, words: str) -> None:
    around = {"**": "«»", "*": "‹›", "~~": "~~"}[mark]

    for before, after in product(AROUND, AROUND):
        text = safe(f"{before}{mark}{words}{mark}{after}")

        assert drawn(text).replace("\u200b", "") == f"{before}{around[0]}{words}{around[1]}{after}".strip()


@unhurried
@given(PIECES)
def test_what_stands_beside_the_block_is_alive_neither(pieces: list[str]) -> None:
    content = message_content("".join(pieces))

    assert "<" not in content["text"]
    assert len(content["text"]) <= 4_000


@pytest.mark.parametrize(
    "code", ["`{}`", "```xml\n{}\n```", "~~~\n{}\n~~~", "- a\n  ```\n  {}\n  ```", "> ```\n> {}"]
)
def test_code_keeps_its_angle_brackets(code: str) -> None:
    text = code.format("<https://a.example/>")

    assert seen(safe(text)) == text


def test_an_entity_that_the_model_wrote_is_its_character() -> None:
    assert seen(safe("write &lt;br&gt; for `<br>`, A &amp; B")) == "write <br> for `<br>`, A & B"


def test_a_link_keeps_its_address() -> None:
    assert links(safe("[a](https://a.example/?x=1&y=2&z)")) == ["https://a.example/?x=1&y=2&z"]


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("ask <@U1|ann> or <@U2>", "ask @ann or @U2"),
        ("in <#C1|general>", "in #general"),
        ("<!here> and <!subteam^S1|@ops>", "@here and @ops"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
        ("<https://a.example/x|the page>", "the page (https://a.example/x)"),
        ("<https://a.example/|a.example>", "https://a.example/"),
        ("<https://a.example/?a=1&amp;b=2>", "https://a.example/?a=1&b=2"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
    ],
)
def test_slack_s_tokens_become_words(wire: str, words: str) -> None:
    assert from_mrkdwn(wire) == words


def test_the_bot_s_own_mention_is_found_and_left_out() -> None:
    assert mentions("hey <@UBOT|aivax> you", "UBOT")
    assert not mentions("hey <@UBOT2> you", "UBOT")
    assert without_mention("<@UBOT> hey <@UBOT|aivax> you <@UBOT>", "UBOT") == "hey <@UBOT|aivax> you"


@unhurried
@given(st.text())
def test_any_text_can_be_read(wire: str) -> None:
    assert isinstance(from_mrkdwn(without_mention(wire, "U1")), str)


HOSTILE = (
    *(
        "[",
        "*",
        "<",
        "`",
        "&",
        "~",
        "\n",
        " ",
        ">",
        "_",
        "<http://",
        "<https://a",
        "[a](",
        "&amp;",
        "&#",
        "``` ",
    ),
    *(
        "```\n",
        "~~~\n",
        "| a ",
        "|---|\n",
        "<@U1> ",
        "<!channel>",
        "<@BOT|",
        "**a",
        "- ",
        "\n ",
        " \n",
        "`\n",
    ),
    *("> ", "<mailto:", "<a|b>", "\t", "\u2028", "\x00", "é", "😀"),
    *(
        "<b>",
        "<b>x",
        "<i></b>",
        "<!--",
        "<a href=",
        "&lt",
        "https://a.b ",
        "https://a",
        "www.",
        "h",
        "**「",
        "_a ",
        "*a",
    ),
    *(
        "[a",
        "](",
        "[a](b",
        "[[",
        "![",
        "\\",
        "\\[",
        "|",
        "<br>",
        "<sub>1",
        "a**",
        "：**",
        "<x@y",
        "<x@y.",
        "~~a",
    ),
    *("[a](<b", "(", "[](", "[a](b 't", "</b>", "<b><i>", "[`", "]", "]("),
)
LONG = 40_000
MOST_S = 0.25
"""Several times what a step takes that grows with the text, on a machine with more to do than it can; one that grows
with its square takes seconds."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_of_40_000_characters_holds_the_loop_up(piece: str) -> None:
    text = (piece * LONG)[:LONG]
    once = {
        "safe": lambda: safe(text),
        "size": lambda: size(text),
        "bytes": lambda: wire_bytes(text),
        "plain": lambda: plain_text(safe(text)),
        "readable": lambda: from_mrkdwn(text),
        "mention": lambda: without_mention(text, "BOT"),
        "home": lambda: page(text, (), "D1"),
        "shown": lambda: shown_up_to(letters(text), text, 0),
        "closing": lambda: closing(text),
    }

    spent = {name: cost_s(step, enough_s=MOST_S) for name, step in once.items()}

    assert {name: took_s for name, took_s in spent.items() if took_s > MOST_S} == {}


@pytest.mark.parametrize("piece", HOSTILE)
def test_text_that_comes_in_small_pieces_costs_what_it_is_long(piece: str) -> None:
    text = (piece * LONG)[:LONG]

    def fed(most: int) -> None:
        piecewise = Sanitizer()
        for at in range(0, most, 4):
            piecewise.feed(text[at : at + 4])

    most_s = 12 * cost_s(lambda: fed(LONG // 4), enough_s=0.02) + 0.005
    assert cost_s(lambda: fed(LONG), enough_s=most_s) <= most_s


def test_an_answer_of_many_small_pieces_is_put_together_when_it_is_read() -> None:
    answer = GrowingText()
    for _ in range(200_000):
        answer.add("ab")

    assert cost_s(lambda: [answer.add("x") for _ in range(50_000)], enough_s=MOST_S) < MOST_S
    assert (answer.text.rstrip("x"), answer.said) == ("ab" * 200_000, True)
