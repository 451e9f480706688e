"""Whether a refusal says that the conversation, or the message, is more than the model can read.

Each server words it differently. What must stand together is a word for what was sent or for the model's room, and
one for a bound that was passed. What is said of an answer's length, of a file, of a rate or of a parameter is no such
thing, though it uses the same words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.aivax.refusals.patterns import AnyOf, code_words

_CODES = AnyOf(
    r".*context_?(?:length|window|size)(?:_limit)?_?(?:exceed|error|too|over|limit|reach).*",
    r".*exceed(?:s|ed|ing)?_(?:\w+_)?context.*",
    r"(?:.*_)?(?:prompt|input|context|messages?|conversation)_(?:is_)?too_(?:long|large|big)",
    r"request_(?:(?:entity|body)_)?too_(?:large|long)|(?:payload|content)_too_large",
    r"tokens?_limit_reached|.*prompt_tokens_exceeded|.*max_(?:prompt|input|context)_(?:\w+_)?exceeded",
)
_BOUNDED = re.compile(r"(?:string|array)_(?:above_max_length|too_long)")
_NAMED = re.compile(r"^([\w.\[\]]+): |invalid '([^']+)'")
_OF_PROMPT = re.compile(r"(?:body\W+)?(?:messages?|inputs?|prompt|contents?)\b")

_SENT = r"\b(?:prompts?|inputs?|messages?|conversation|context|request|payload|query|history)\b['\"`]?"
_ROOM = r"(?:context|prompt|inputs?|sequence)(?:[ _-](?:token|sequence))?[ _-](?:length|windows?|size|limit|overflow)"
_OVER = (
    r"(?:exceed\w*|overflow\w*|too (?:long|large|many|big)|maximum|(?:longer|larger|greater|more) than|beyond|over"
    r"|reached|hit|not enough|only|supports? up to|should be <|cannot exceed)"
)
_MESSAGE = AnyOf(
    rf"{_SENT}(?: (?:tokens?|length|size|body|entity|text|content|payload))?"
    r"(?: (?:is|are|was|were|has become|have become))?(?: (?:far|much|way))? too (?:long|large|big)\b",
    rf"{_SENT}.{{0,30}}? exceeds? (?:the |its |our )?(?:max(?:imum)?|allowed|limit)\b",
    rf"{_ROOM}\b.{{0,80}}?\b{_OVER}\b",
    rf"\b{_OVER}\b.{{0,60}}?\b{_ROOM}\b",
    r"max(?:imum)?[ _-](?:(?:model|allowed)[ _-])?(?:context|prompt|input|message|sequence|seq)[ _-]"
    r"(?:tokens?|len(?:gth)?|size)\b.{0,60}?\d",
    r"\b(?:prompt|input|requested|context|request)\b.{0,40}?\btokens?\b.{0,60}?(?:\bexceed|must be (?:<=|at most|less)"
    r"|(?:longer|greater|more|larger) than|over the|supports? up to|too (?:long|large|many))",
    r"\bexceed\w*\b.{0,40}?\b(?:model|prompt|input|context)(?:'s)? tokens?[ _-]limit",
    r"\b(?:exceed\w*|maximum|max) .{0,20}?number of (?:input |prompt )?tokens\b",
    r"`?\binputs?`? tokens \+ ",
    r"\btoo many (?:input |prompt )?tokens|\btokens? in the (?:prompt|messages?|input)\b.{0,40}?\bexceed",
    r"\b(?:reduce|shorten) (?:the |your )?(?:(?:length|size) of (?:the |your )?)?(?:messages?|prompt|inputs?"
    r"|conversation|context)\b",
    r"\binput length should be",
    r"上下文.{0,12}(?:超|过长|限制)|(?:输入|提示词?|prompt|tokens?).{0,8}(?:超长|过长|超出|超过)|超[出过].{0,12}(?:长度|上下文)",
)
_OF_ANSWER = re.compile(
    r"\bmax_(?:completion_|output_|new_)?tokens\b|\b(?:completion|output) (?:tokens?|length)\b"
)
_OF_SENT = re.compile(r"context|prompt|\binputs?\b|messages")
_OF_FILE = re.compile(r"\b(?:image|picture|photo|file|attachment|audio|video|pdf|document|url)s?\b")
_OF_TEXT = re.compile(r"\b(?:context|prompts?|inputs? |tokens?|messages? |messages?$|conversation)")
_OF_RATE = re.compile(
    r"\bper[ -](?:second|minute|hour|day)\b|\b[rt]p[mds]\b|\brate[ -]limit|\bthrottl|\bplease wait\b"
)
_AT_ONCE = re.compile(r"request (?:is )?too large|reduce your message size|must be reduced in order to run")


def is_too_long(codes: Sequence[str], message: str) -> bool:
    """Whether a code, or the message, says that less has to be sent."""
    text = message.lower()
    words = [code_words(code) for code in codes]
    if any(map(_BOUNDED.fullmatch, words)):
        named = _NAMED.search(text)
        return named is None or _OF_PROMPT.match(named[1] or named[2]) is not None
    return any(map(_CODES.fullmatch, words)) or _is_told(text)


def is_too_much_at_once(message: str) -> bool:
    """Whether one request alone is more than a rate lets in: no waiting helps it, a shorter one does."""
    return _AT_ONCE.search(message.lower()) is not None


def _is_told(text: str) -> bool:
    if _OF_RATE.search(text):
        return is_too_much_at_once(text)
    if _MESSAGE.search(text) is None:
        return False
    if _OF_ANSWER.search(text) and not _OF_SENT.search(_OF_ANSWER.sub(" ", text)):
        return False
    return _OF_FILE.search(text) is None or _OF_TEXT.search(text) is not None
