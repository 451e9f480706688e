"""Long code as a file beside the answer: in one piece, to open or save, where messages show it in several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bots.discord.events.address import PLATFORM
from core.delivery.forwarding import ForwardingSurface
from core.domain import Footer, PlatformError, ReplySurface
from core.markdown.fences import Fence, fence_after_line
from core.util.log import log

MOST_FILES = 10
"""Discord's limit for one message."""
ENDINGS = {
    "c++": "cpp",
    "csharp": "cs",
    "golang": "go",
    "kotlin": "kt",
    "latex": "tex",
    "markdown": "md",
    "patch": "diff",
    "rust": "rs",
    "typescript": "ts",
    "yaml": "yml",
}
HARMLESS = frozenset(("c", "cpp", "cs", "css", "csv", "diff", "go", "h", "java", "json", "kt", "log", "md"))
HARMLESS |= {"rs", "sql", "swift", "tex", "toml", "ts", "tsv", "txt", "yml"}
"""The only endings: of files that no system runs, or opens in a browser, when somebody clicks on them. A script in any
language that can be run that way (Python, shell, JavaScript ...) is a text."""


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One block of code as a file."""

    name: str
    text: str


Attach = Callable[[Sequence[CodeFile]], Awaitable[None]]


def code_files(text: str, least_chars: int) -> list[CodeFile]:
    """Take the code blocks of at least so many characters out of an answer."""
    found: list[CodeFile] = []
    fence: Fence | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        before, fence = fence, fence_after_line(line, fence)
        if before is None:
            lines = []
        elif fence is not None:
            lines.append(line.removeprefix(before.prefix) if not before.prefix.strip() else line)
        elif sum(map(len, lines)) + len(lines) >= least_chars:
            found.append(CodeFile(f"code-{len(found) + 1}.{_ending_of(before)}", "\n".join((*lines, ""))))
    return found[:MOST_FILES]


def _ending_of(fence: Fence) -> str:
    language = (fence.info.split() or [""])[0].lower()
    ending = ENDINGS.get(language, language)
    return ending if ending in HARMLESS else "txt"


class CodeAttachmentSurface(ForwardingSurface):
    """A `ReplySurface` that shows an answer as `inner` does, and attaches its long code as files at the end.

    What the files hold stands in the messages too: where they can't be attached nothing is lost.
    """

    def __init__(self, inner: ReplySurface, attach: Attach, least_chars: int) -> None:
        super().__init__(inner)
        self._attach = attach
        self._least_chars = least_chars
        self._said: list[str] = []

    async def write(self, delta: str) -> None:
        self._said.append(delta)
        await super().write(delta)

    async def finish(self, footer: Footer) -> None:
        await super().finish(footer)
        try:
            if files := code_files("".join(self._said), self._least_chars):
                await self._attach(files)
        except PlatformError as error:
            log.info("discord.code_not_attached", platform=PLATFORM, code=error.code, detail=error.detail)
