"""One native stream: what was fed into it, what it shows, and when it dies."""

from dataclasses import dataclass, field
from typing import Any

from .blocks import check, words
from .refused import RefusedError

STATUSES = ("pending", "in_progress", "complete", "error")
TITLE_AT_MOST = 256


@dataclass(frozen=True)
class TaskCard:
    """A task as its card shows it."""

    id: str
    title: str
    status: str
    details: str = ""
    output: str = ""
    sources: tuple[str, ...] = ()


@dataclass(eq=False)
class Stream:
    recipient: str
    kind: str  # "chunks" | "markdown_text": the first payload fixes it
    started_at: float
    parts: list[str] = field(default_factory=list)  # text, in order
    tasks: dict[str, TaskCard] = field(default_factory=dict)
    plan: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)  # came as chunks
    footer: list[dict[str, Any]] = field(default_factory=list)  # came with stop
    ended: str | None = None  # "done" | "stopped_by_user"
    first_shown: str = ""  # all that the others in the channel see until the end

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def state(self, now: float, life_s: float) -> str:
        """Returns "live", "dead" (of age), "done" or "stopped_by_user"."""
        return self.ended or ("dead" if now - self.started_at >= life_s else "live")

    def feed(self, payload: "Payload", limit_bytes: int, limit_cards: int) -> None:
        """Takes a payload in, or refuses all of it: then the stream shows what it showed before."""
        if payload.kind != self.kind:
            raise RefusedError("streaming_mode_mismatch")
        before = (list(self.parts), dict(self.tasks), self.plan, list(self.blocks))
        for chunk in payload.chunks:
            self._take(chunk)
        if self.size() > limit_bytes or len(self.tasks) > limit_cards:
            self.parts, self.tasks, self.plan, self.blocks = before
            raise RefusedError("msg_too_long")

    def size(self) -> int:
        """Measures the whole message in UTF-8 bytes, cards included."""
        cards = "".join("".join((t.title, t.details, t.output, *t.sources)) for t in self.tasks.values())
        return len("".join((self.text, cards, self.plan, *words(self.blocks))).encode())

    def _take(self, chunk: dict[str, Any]) -> None:
        if chunk["type"] == "markdown_text":
            self.parts.append(chunk["text"])
        elif chunk["type"] == "plan_update":
            self.plan = chunk["title"]
        elif chunk["type"] == "blocks":
            self.blocks += chunk["blocks"]
        else:
            self._take_task(chunk)

    def _take_task(self, chunk: dict[str, Any]) -> None:
        """Title and status replace, details append, output is written once."""
        old = self.tasks.get(chunk["id"]) or TaskCard(chunk["id"], "", "")
        sources = tuple(source["url"] for source in chunk.get("sources") or ())
        self.tasks[chunk["id"]] = TaskCard(
            id=chunk["id"],
            title=chunk["title"],
            status=chunk["status"],
            details=old.details + (chunk.get("details") or ""),
            output=old.output or chunk.get("output") or "",
            sources=old.sources + sources,
        )


@dataclass(frozen=True)
class Payload:
    """The text or the chunks of one stream call."""

    kind: str
    chunks: list[dict[str, Any]]


def payload_of(markdown_text: str | None, chunks: Any) -> Payload | None:
    """Reads the two ways of giving content; there may be none, and there must not be both."""
    if markdown_text is not None and chunks is not None:
        raise RefusedError("cannot_provide_both_markdown_text_and_chunks")
    if chunks is not None:
        if not isinstance(chunks, list) or not chunks:
            raise RefusedError("invalid_chunks")
        return Payload("chunks", [_checked(chunk) for chunk in chunks])
    if markdown_text is None:
        return None
    if not markdown_text:
        raise RefusedError("no_text")
    if len(markdown_text) > 12_000:
        raise RefusedError("msg_too_long")
    return Payload("markdown_text", [{"type": "markdown_text", "text": markdown_text}])


def _checked(chunk: Any) -> dict[str, Any]:
    if not isinstance(chunk, dict):
        raise RefusedError("invalid_chunks")
    good = {
        "markdown_text": lambda: isinstance(chunk.get("text"), str),
        "plan_update": lambda: _is_title(chunk.get("title")),
        "blocks": lambda: check(chunk.get("blocks")) is not None,
        "task_update": lambda: _is_task(chunk),
    }.get(str(chunk.get("type")))
    if good is None or not good():
        raise RefusedError("invalid_chunks")
    return chunk


def _is_title(title: Any) -> bool:
    return isinstance(title, str) and 0 < len(title) <= TITLE_AT_MOST


def _is_task(chunk: dict[str, Any]) -> bool:
    words_given = [chunk[name] for name in ("details", "output") if chunk.get(name) is not None]
    sources = chunk.get("sources") or []
    return (
        isinstance(chunk.get("id"), str)
        and chunk["id"] != ""
        and _is_title(chunk.get("title"))
        and chunk.get("status") in STATUSES
        and all(isinstance(each, str) for each in words_given)
        and isinstance(sources, list)
        and all(
            isinstance(s, dict) and s.get("type") == "url" and "url" in s and "text" in s for s in sources
        )
    )
