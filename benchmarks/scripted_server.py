"""A gateway in a process of its own that sends one long answer, as fast as it is read.

`/packed/v1` sends it in writes of 4 KiB that end anywhere, `/events/v1` each event in a write of its own; each write is
a chunk of HTTP.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORDS = (
    *(
        "The ",
        "tide ",
        "comes ",
        "in ",
        "at ",
        "four, ",
        "and ",
        "**boats** ",
        "turn.\n",
        "Grüße ",
        "→ ",
        "👋 ",
    ),
    *('"so" ', "`x` ", "a ", "har", "bour ", "is ", "blue ", "\n\n", "1. ", "over", "all ", "the "),
)
WRITE_BYTES = 4096
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def text_of(chunks: int) -> str:
    """What the answer says."""
    return "".join(_words(chunks))


def _words(chunks: int) -> Iterator[str]:
    return (WORDS[at * 7 % len(WORDS)] for at in range(chunks))


def events(chunks: int) -> list[bytes]:
    """The events of an answer in the form of OpenAI, with as many chunks of text."""
    about = {
        "id": "chatcmpl-4f9b7c2e",
        "object": "chat.completion.chunk",
        "created": 1796000000,
        "model": "m",
    }
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in _words(chunks)), {}]
    found = [
        {**about, "choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}]}
        for delta in deltas
    ]
    usage = {"prompt_tokens": 12, "completion_tokens": chunks, "total_tokens": chunks + 12}
    lines = [
        json.dumps(each, ensure_ascii=False) for each in (*found, {**about, "choices": [], "usage": usage})
    ]
    return [f"data: {line}\n\n".encode() for line in (*lines, "[DONE]")]


def writes(way: str, chunks: int) -> list[bytes]:
    """What the server writes, one call each."""
    pieces = events(chunks)
    if way == "packed":
        body = b"".join(pieces)
        pieces = [body[at : at + WRITE_BYTES] for at in range(0, len(body), WRITE_BYTES)]
    return [HEAD, *(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces), END]


def serve(chunks: int) -> None:
    """Answer every request until the process is ended; the port is the first line of its output."""
    ways = {way: writes(way, chunks) for way in ("packed", "events")}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, ways), daemon=True).start()


def _answer(connection: socket.socket, ways: dict[str, list[bytes]]) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as asked:
        while first := asked.readline():
            length = 0
            while (line := asked.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            asked.read(length)
            try:
                for piece in ways[first.split(b" ")[1].split(b"/")[1].decode()]:
                    connection.sendall(piece)
            except ConnectionError:
                return


@contextmanager
def serving(chunks: int) -> Iterator[str]:
    """Start the server; gives its address up to the way that is asked for."""
    command = [sys.executable, str(Path(__file__)), "--chunks", str(chunks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chunks", type=int, default=20_000)
    serve(parser.parse_args().chunks)
