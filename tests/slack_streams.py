"""Slack's native streams without Slack: the pieces that a growing answer is sent in, as one stream follows another."""

from __future__ import annotations

from dataclasses import replace

from bots.slack.delivery.streaming.chunk import Ending, next_piece
from bots.slack.delivery.streaming.streams import Chunk, Stream
from bots.slack.delivery.streaming.task_cards import Cards


class StreamReader:
    """Plays Slack and the surface: takes every piece that is due, and begins a new stream after each last one."""

    def __init__(self, taken: int = 0) -> None:
        """`taken`: how many bytes of each message something else takes, as task cards do."""
        self._taken = taken
        self.stream = Stream(0, bytes=taken)
        self.cards = Cards()
        self.age_s = 0.0
        self.messages: list[list[Chunk]] = []
        self.seeds: list[str] = []
        """What each message opens again before its own text."""

    def take_all(self, answer: str, ending: Ending | None = None) -> None:
        for _ in range(200):
            self.stream.look_ahead(answer)
            piece = next_piece(self.stream, answer, self.cards, self.age_s, ending)
            if piece is None:
                return
            chunks, after = self.stream.with_piece(piece)
            if not self.stream.ts:
                assert chunks, "Slack starts no stream without content"
                self.messages.append([])
                self.seeds.append("")
                self.age_s = 0.0
            if after.text and not self.stream.text:
                self.seeds[-1] = self.stream.seed
            self.messages[-1] += chunks
            self.cards.drawn(piece.cards)
            self.stream = replace(after, ts="1.0")
            if piece.last:
                self.stream = replace(after.following(after.at, after.text), bytes=self._taken)
                self.cards.begin_again()
            if piece.final:
                return
        raise AssertionError("it never ends")

    @property
    def texts(self) -> list[str]:
        return ["".join(chunk.get("text", "") for chunk in chunks) for chunks in self.messages]
