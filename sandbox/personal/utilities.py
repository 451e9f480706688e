"""Titles conversations, and suggests how they could go on: always the same for the same messages."""

from typing import Any, Final

from sandbox.refusals import Refusal

_WORDS: Final = 4


def title(body: object) -> dict[str, Any]:
    """Titles a conversation after its first words."""
    first = next((text for role, text in _messages(body) if role == "user"), "")
    return {"conversation_title": "About " + " ".join(first.split()[:_WORDS])}


def continuations(body: object) -> dict[str, Any]:
    """Suggests three questions about the last one."""
    last = [text for role, text in _messages(body) if role == "user"][-1:]
    about = " ".join("".join(last).split()[:_WORDS])
    return {"continuation_topics": [f"{how} about {about}?" for how in ("Why", "What more", "Who knows")]}


def _messages(body: object) -> list[tuple[str, str]]:
    if not isinstance(body, dict) or body.keys() - {"messages"} or not isinstance(body.get("messages"), list):
        raise Refusal(400, "The body must hold 'messages', and nothing else.")
    read = [_message(each) for each in body["messages"]]
    if not read:
        raise Refusal(400, "'messages' must not be empty.")
    return read


def _message(said: object) -> tuple[str, str]:
    role, text = (said.get("role"), said.get("content")) if isinstance(said, dict) else ("", "")
    if role not in ("system", "user", "assistant") or not isinstance(text, str):
        raise Refusal(400, "'messages' must be a list of roles and texts.")
    return role, text
