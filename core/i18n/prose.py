"""Whether a message that begins with a capability's word may be an ordinary sentence: `draw the line somewhere`."""

from __future__ import annotations

import re

from core.domain import Capability
from core.i18n.capabilities import behind_word

_EN = (
    "a an the this that these those my your our his her its their me us him them it you i we they to for of in on at"
    " up out over off from with about by into and or but if as is are was were be not please"
)
_PT = (
    "o a os as um uma uns umas este esta isto esse essa isso meu minha seu sua nosso me nos te se lhe para por pelo"
    " pela de do da dos das em no na nos nas com sem sobre e ou mas que é são foi não"
)
_ES = (
    "el la los las un una unos unas este esta esto ese esa eso mi tu su nuestro me nos te se le lo para por de del al"
    " en con sin sobre y o pero si que es son fue no"
)
_GOES_ON = frozenset(f"{_EN} {_PT} {_ES}".split())
"""Words that go on with a sentence: what stands behind a command mostly begins with a thing, or a question word."""
_MARKED = re.compile(r"\s*(?:[/!]\S|\S+:)")
"""`/draw`, `!draw`, `draw:`."""


def may_be_prose(capability: Capability, text: str) -> bool:
    """Whether the word may begin a sentence that asks for something else.

    Not where it is marked as a command, stands alone, or is one that has rules of its own for this.
    """
    takes_words = capability.takes == "words" and not capability.options
    if not takes_words or capability.operators_only or capability.begins_sentences or _MARKED.match(text):
        return False
    first = behind_word(capability, text).split(None, 1)[:1]
    return bool(first) and first[0].casefold().strip(".,;!?") in _GOES_ON
