"""Answers in the form of a model's own service, as relays pass them on: each becomes a choice of the form of OpenAI.

Anthropic's messages, Gemini's candidates and Ollama's chat; whole, or as the events of a stream.
"""

from __future__ import annotations

from core.aivax.stream.chunks import Json, first, mapping, word

_WRAPPERS = ("data", "result", "output", "response")


def answer_in(chunk: Json) -> Json:
    """Return the object that holds the choices: a gateway may wrap the whole answer."""
    if "choices" in chunk:
        return chunk
    inner = (mapping(chunk.get(name)) for name in _WRAPPERS)
    return next((each for each in inner if "choices" in each), chunk)


def choice_in(chunk: Json) -> Json:
    """Return the first choice; an empty one where the chunk has none."""
    if "choices" in chunk:
        return first(chunk["choices"])
    if "candidates" in chunk:
        return _of_gemini(first(chunk["candidates"]))
    if "done" in chunk and isinstance(chunk.get("message"), dict):
        return {
            "delta": chunk["message"],
            "finish_reason": chunk.get("done_reason") or ("stop" if chunk["done"] else ""),
        }
    return _of_anthropic(chunk)


def _of_gemini(candidate: Json) -> Json:
    if not candidate:
        return candidate
    delta = {"content": mapping(candidate.get("content")).get("parts")}
    return {"delta": delta, "finish_reason": candidate.get("finishReason")}


def _of_anthropic(chunk: Json) -> Json:
    delta = mapping(chunk.get("delta"))
    match word(chunk.get("type")):
        case "message":
            message = {"content": chunk.get("content")}
            return {"message": message, "finish_reason": chunk.get("stop_reason")}
        case "content_block_delta" if "thinking" in delta:
            return {"delta": {"reasoning": delta["thinking"]}}
        case "content_block_delta":
            return {"delta": {"content": delta.get("text")}}
        case "message_delta":
            return {"delta": {}, "finish_reason": delta.get("stop_reason")}
    return {}
