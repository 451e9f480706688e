"""The child process in which the operator's functions run: loads the files, then does one thing after the other.

Its standard input and output carry frames (`bots.tools.child_process`) and are moved out of the functions' way: what
they print goes to standard error, where the parent counts it. Nothing here knows the bot's settings or its database.
"""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import json
import math
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from pydantic import TypeAdapter, ValidationError

from bots.tools.actions import RECEIVED, Stop, action_of
from bots.tools.declare import Declared, MessageReceived, Tool, ToolCalled, ToolError, collecting
from bots.tools.schema import Caller, problems_in

Json: TypeAlias = dict[str, Any]
_TRACE_CHARS = 8_000
_MESSAGE_CHARS = 1_000
_MORE_FILES = 32
"""So many more open files than at the start: they are leaking."""
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_anything: TypeAdapter[Any] = TypeAdapter(Any)


def main() -> None:
    """Serve the parent until it closes our standard input. `sys.argv[1]`: the limits, as JSON."""
    limits = json.loads(sys.argv[1])
    _die_with_parent()
    _limit(limits)
    frames, answers = _channel()
    child = _Child(limits)
    while True:
        reply = child.do(frames.get())
        answers.write(_frame(reply, limits["output_bytes"]))
        answers.flush()


def _die_with_parent() -> None:
    with suppress(OSError, AttributeError):  # Linux alone; elsewhere the end of our input is what we hear
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _limit(limits: Mapping[str, Any]) -> None:
    memory = limits["memory_mb"] * 2**20
    with suppress(ValueError, OSError):  # macOS knows no limit on address space
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _channel() -> tuple[queue.SimpleQueue[Json], BinaryIO]:
    """Take the channel away from where functions read and print; a thread hears when the parent is gone."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    frames: queue.SimpleQueue[Json] = queue.SimpleQueue()

    def listen() -> None:
        while (size := requests.read(4)) and len(size) == 4:
            frames.put(json.loads(requests.read(int.from_bytes(size, "big"))))
        os._exit(0)  # a function under way would go on for nobody

    threading.Thread(target=listen, daemon=True).start()
    return frames, answers


def _frame(reply: Json, most_bytes: int) -> bytes:
    """A reply as bytes; a text that is too long is cut, and says so."""
    text = reply.get("text", "")
    if len(encoded := text.encode("utf-8", "replace")) > most_bytes:
        kept = encoded[:most_bytes].decode("utf-8", "ignore")
        reply = {**reply, "text": f"{kept}\n[cut off here: it was {len(encoded)} bytes long]"}
    data = json.dumps(reply).encode()
    return len(data).to_bytes(4, "big") + data


class _Child:
    """What was loaded, and how this process looked before anything ran in it."""

    def __init__(self, limits: Mapping[str, Any]) -> None:
        self._limits = limits
        self._declared = Declared()
        self._threads = self._files = 0
        self._does: Mapping[str, Callable[[Json], Json]] = {
            "load": self._load,
            "call": self._call,
            "event": self._event,
            "hook": self._hook,
        }

    def do(self, request: Json) -> Json:
        """Do one thing. Whatever happens becomes a reply; `fit`: whether this process may be asked again."""
        self._limit_processor_time()
        try:
            reply = self._does[request["do"]](request)
        except MemoryError:
            return {"failure": "it took more memory than it may", "fit": False}
        except BaseException as error:  # noqa: BLE001  whatever an operator's code raises
            with suppress(MemoryError):
                return {"failure": "it failed", "trace": _trace(error), "fit": isinstance(error, Exception)}
            return {"failure": "it took more memory than it may", "fit": False}
        return {**reply, "fit": self._is_fit()}

    def _limit_processor_time(self) -> None:
        """From now on: the limit counts all that this process ever used."""
        most = math.ceil(time.process_time() + self._limits["seconds"]) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))

    def _is_fit(self) -> bool:
        """Whether nothing was left behind: threads that go on, files that stay open, memory that grows."""
        return (
            threading.active_count() <= self._threads
            and _open_files() <= self._files + _MORE_FILES
            and _peak_bytes() < self._limits["memory_mb"] * 2**20 * 0.8
        )

    def _load(self, request: Json) -> Json:
        with collecting() as declared:
            for number, (path, source) in enumerate(request["sources"]):
                try:
                    _execute(f"tools_file_{number}", path, source)
                except BaseException as error:  # noqa: BLE001  likewise
                    return {"error": f"{path}: {_where(error, path)}", "trace": _trace(error)}
        self._declared = declared
        self._threads, self._files = threading.active_count(), _open_files()
        return {
            "tools": [
                {
                    "name": each.name,
                    "description": each.description,
                    "schema": each.signature.schema,
                    "read_only": each.read_only,
                }
                for each in declared.tools.values()
            ],
            "workers": {each.event: each.on_failure for each in declared.workers.values()},
            "hooks": [
                {name: getattr(each, name) for name in ("name", "event", "on_failure", "changes")}
                for each in declared.hooks.values()
            ],
        }

    def _call(self, request: Json) -> Json:
        tool = self._declared.tools[request["name"]]
        caller = Caller(**request["caller"]) if request["caller"] else None
        if caller is None and tool.signature.needs_caller:
            return _refused("This needs to know who asks, and the call does not tell. Nothing was done.")
        try:
            checked = tool.signature.arguments.model_validate(request["arguments"])
        except ValidationError as error:
            found = "; ".join(problems_in(list(error.errors(include_url=False, include_input=False))))
            return _refused(f"Nothing was done, since the arguments are wrong: {found}")
        given = {name: getattr(checked, field) for field, name in tool.signature.names.items()}
        try:
            result = _run(tool.function, **given, **_told(tool, caller))
        except ToolError as error:
            return _refused(str(error))
        return {"text": result if isinstance(result, str) else _as_json(result)}

    def _event(self, request: Json) -> Json:
        worker = self._declared.workers[request["event"]]
        caller = Caller(**request["caller"]) if request["caller"] else None
        kind = MessageReceived if request["event"] == RECEIVED else ToolCalled
        try:
            returned = _run(worker.function, kind(**request["data"], caller=caller))
        except Stop as stop:
            return {"stop": str(stop)[:_MESSAGE_CHARS] or "no reason given"}
        return {"action": action_of(request["event"], returned)}

    def _hook(self, request: Json) -> Json:
        from bots.hooks.in_child import run_hook  # only where there are hooks

        hook = self._declared.hooks[request["name"]]
        return run_hook(hook.event, request["value"], partial(_run, hook.function))


def _execute(name: str, path: str, source: str) -> None:
    """Run a file as a module. What stands beside it can be imported."""
    folder = str(Path(path).resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102  that is what the file is for


def _told(tool: Tool, caller: Caller | None) -> dict[str, Caller | None]:
    return {tool.signature.caller: caller} if tool.signature.caller else {}


def _run(function: Callable[..., Any], *args: Any, **given: Any) -> Any:
    """Call a function; an async one in a loop of its own, with which all ends that it began there."""
    if inspect.iscoroutinefunction(function):
        return asyncio.run(function(*args, **given))
    return function(*args, **given)


def _as_json(result: object) -> str:
    return "Done." if result is None else _anything.dump_json(result, fallback=str).decode()


def _refused(text: str) -> Json:
    """An answer that is none of a function that worked: on one line, as the model reads it."""
    return {"text": " ".join(text.split())[:_MESSAGE_CHARS], "refused": True}


def _where(error: BaseException, path: str) -> str:
    """What is wrong with a file, on one line."""
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == path]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    said = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())[:_MESSAGE_CHARS]
    return f"{f'line {line}: ' if line else ''}{said or type(error).__name__}"


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-_TRACE_CHARS:]


def _peak_bytes() -> int:
    """The most memory that this process took; on Linux `ru_maxrss` begins with what the one that started it took."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123  no import for it
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _open_files() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return len(list(Path(folder).iterdir()))
    return 0
