"""What an answer says: as it is shown, and as later questions have it, where its files are markers in their places."""

from __future__ import annotations

from core.util.growing_text import GrowingText
from core.util.media_types import ENDINGS

_KINDS = {"image": "picture", "audio": "sound", "video": "video"}
_BARE = ("", "picture")
DOT = "•"
"""Stands for each character of a secret that was shown, and is kept nowhere."""


def file_name(number: int, media_type: str) -> str:
    """Name the file that a model made as its so-manieth one: `picture-1.png`."""
    kind = _KINDS.get(media_type.partition("/")[0], "file")
    return f"{kind}-{number}.{ENDINGS.get(media_type, 'bin')}"


def marker_of(name: str, media_type: str, alt: str) -> str:
    """Stand for a file in words: `[picture: a cat]`, `[picture]`, `[file: sound-1.wav]`."""
    if not media_type.startswith("image/"):
        return f"[file: {name}]"
    return f"[picture: {alt}]" if alt else "[picture]"


class AnswerText:
    """Grows by many small pieces."""

    def __init__(self) -> None:
        self.has_words = False
        """Whether anything visible was said."""
        self._shown = GrowingText()
        self._remembered: GrowingText | None = None
        """None while it is what people read, as nearly always: a text is held once."""
        self._last_shown = ""
        self._last_remembered = ""
        self._is_behind_file = False

    @property
    def shown(self) -> str:
        """What people read."""
        return self._shown.whole

    @property
    def remembered(self) -> str:
        """What the model is told later that it said."""
        return (self._shown if self._remembered is None else self._remembered).whole

    def say(self, text: str) -> str:
        """Add some text; what of it is to be shown: no gap is left where a file stood."""
        remembered = f"\n{text}" if self._last_remembered == "]" and text[:1].isalnum() else text
        if self._is_behind_file:
            text = (
                text.lstrip()
                if self._last_shown in ("", "\n")
                else text.lstrip(" ")
                if self._last_shown == " "
                else text
            )
        if remembered != text:
            self._fork()
        self._remember(remembered)
        if text:
            self._is_behind_file = False
            self._shown.add(text)
            self._last_shown = text[-1]
            self.has_words = self.has_words or not text.isspace()
        return text

    def conceal(self, secret: str) -> None:
        """Keep dots in place of a secret that was said, as many as it has characters."""
        for text in (self._shown, self._remembered):
            if text is not None:
                text.replace(secret, DOT * len(secret))

    def mark(self, marker: str) -> None:
        """Have a file stand here."""
        self._is_behind_file = True
        if self._last_remembered == "]":
            marker = f" {marker}"
        elif not (self._last_remembered == "" or self._last_remembered.isspace()):
            marker = f"\n{marker}"
        self._fork()
        self._remember(marker)

    def _fork(self) -> None:
        """Have what is remembered differ from what is shown from here on."""
        if self._remembered is None:
            self._remembered = GrowingText()
            self._remembered.add(self.shown)

    def _remember(self, text: str) -> None:
        if text:
            if self._remembered is not None:
                self._remembered.add(text)
            self._last_remembered = text[-1]
