"""The rules of the tree: nothing imports in a circle, nothing grows past a size, both frontends have the same rooms.

What each rule is for stands in docs/decisions/0023-the-house.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent
MOST_FILES, MOST_LINES, MOST_PARAMETERS = 15, 60, 7
FRONTENDS = ("slack", "discord")
Edges = Mapping[str, set[str]]


@lru_cache
def modules(*tops: str) -> Mapping[str, ast.Module]:
    """Every module below these folders, parsed, by its dotted name."""
    found = {}
    for path in sorted(each for top in tops for each in (TREE / top).rglob("*.py")):
        name = ".".join(path.relative_to(TREE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imports(among: Mapping[str, ast.Module]) -> Edges:
    """Which module imports which, at its top or inside a function."""
    edges: dict[str, set[str]] = {name: set() for name in among}
    for name, tree in among.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                named = {f"{node.module}.{alias.name}" for alias in node.names}
                edges[name] |= {each if each in among else node.module for each in named}
            elif isinstance(node, ast.Import):
                edges[name] |= {alias.name for alias in node.names}
        edges[name] = (edges[name] & among.keys()) - {name}
    return edges


def circles(edges: Edges) -> list[list[str]]:
    """The groups in which everything is reached from everything (Tarjan), of two or more."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in edges[name]:
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in edges:
        if name not in index:
            visit(name)
    return found


def functions(top: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, tree in modules(top).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}.{node.name}", node


# Circles


def test_a_circle_is_found_and_a_chain_is_none() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(imports(modules("aivax_bots", "core", "bots", "sandbox", "migrations"))) == []


def test_no_packages_of_the_core_import_each_other_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for name, imported in imports(modules("core")).items():
        package = ".".join(name.split(".")[:2])
        packages = {".".join(each.split(".")[:2]) for each in imported} - {"core", package}
        edges[package] = edges.get(package, set()) | packages
    del edges["core"]

    assert circles(edges) == []


# Sizes


@pytest.mark.parametrize("top", ["aivax_bots", "core", "bots", "sandbox"])
def test_no_folder_has_more_than_fifteen_files(top: str) -> None:
    folders = [TREE / top, *(each for each in (TREE / top).rglob("*") if each.is_dir())]
    counts = {
        str(folder.relative_to(TREE)): sum(file.name != "__init__.py" for file in folder.glob("*.py"))
        for folder in folders
    }

    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("top", ["aivax_bots", "core", "bots", "sandbox"])
def test_no_function_has_more_than_sixty_lines(top: str) -> None:
    lengths = {name: (node.end_lineno or 0) - node.lineno + 1 for name, node in functions(top)}

    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("top", ["aivax_bots", "core", "bots", "sandbox"])
def test_no_constructor_has_more_than_seven_parameters(top: str) -> None:
    counts = {
        name: len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]) - 1
        for name, node in functions(top)
        if name.endswith(".__init__")
    }

    assert {name: count for name, count in counts.items() if count > MOST_PARAMETERS} == {}


def _decorator(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.expr | None:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Name) and called.id == name:
            return decorator
    return None


def is_value(node: ast.ClassDef) -> bool:
    """Whether a dataclass only carries data: frozen, and nothing in it but what is derived from its own fields.

    A method that is async, or that is given more than itself, does work: its class is a service, whose fields are the
    parameters of a constructor.
    """
    decorator = _decorator(node, "dataclass")
    arguments = {each.arg: each.value for each in getattr(decorator, "keywords", [])}
    frozen = isinstance(arguments.get("frozen"), ast.Constant)
    return frozen and all(
        isinstance(each, ast.FunctionDef)
        and (len(each.args.args) + len(each.args.kwonlyargs) == 1 or _decorator(each, "classmethod"))
        for each in node.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def fields_of(node: ast.ClassDef) -> list[str]:
    """The fields that the constructor of a dataclass asks for. State that begins with a default is none of them."""
    return [
        each.target.id
        for each in node.body
        if isinstance(each, ast.AnnAssign)
        and isinstance(each.target, ast.Name)
        and "ClassVar" not in ast.dump(each.annotation)
        and each.value is None
    ]


@pytest.mark.parametrize("top", ["aivax_bots", "core", "bots", "sandbox"])
def test_no_service_that_is_a_dataclass_has_more_than_seven_fields(top: str) -> None:
    services = {
        f"{name}.{node.name}": len(fields_of(node))
        for name, tree in modules(top).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and _decorator(node, "dataclass") and not is_value(node)
    }

    assert {name: count for name, count in services.items() if count > MOST_PARAMETERS} == {}


# The same rooms in both frontends

ONLY_IN: Mapping[str, Mapping[str, str]] = {
    "slack": {
        "shortcuts.py": "an app's shortcuts have ids of their own; Discord's are commands of its menus",
        "installations/": "workspaces install the Slack app and each has a token; Discord has one for all",
        "open.py": "one workspace or many, socket or HTTP: Discord has one way to begin, in its plugin",
        "delivery/streaming/": "Slack has a native stream; Discord can only post and edit",
        "delivery/code_marks.py": "streams bring Markdown in pieces: what is code in one hangs on those before",
        "delivery/emphasis.py": "Slack draws CommonMark, to the letter; Discord obeys marks beside any sign",
        "delivery/plain_text.py": "a message has plain words beside its blocks; Discord's has its Markdown alone",
        "delivery/messages.py": "messages are plain JSON, history comes by cursors; discord.py does both for Discord",
        "delivery/rich_text.py": "people's words that the bot posts for them: Discord's interactions quote them",
        "delivery/unreachable.py": "asks for a person's language first, which Discord's address holds",
        "delivery/home.py": "Slack's Home tab; Discord has no page of an app",
        "events/form_modals.py": "forms in a window; Discord's commands have typed options",
        "listening/form_answers.py": "forms in a window; Discord's commands have typed options",
        "events/mrkdwn.py": "Slack has a markup of its own; discord.py hands over names beside the ids",
        "events/rich_text.py": "Slack's rich text is a tree; Discord's is Markdown",
        "events/said.py": "edits, deletions and mentions are told apart by fields; discord.py has an event for each",
        "events/said_once.py": "Slack says people's and apps' words twice, in text and in blocks",
        "features/address_check.py": "Slack can call a public address of the bot's; nobody calls Discord's",
        "features/ask_without_message.py": "a shortcut has no message to answer below; Discord's interaction has",
        "features/assistant_threads.py": "Slack's pane for agents",
        "features/follow_ups.py": "who mentions nobody in a thread: Discord's threads are channels of their own",
        "features/greetings.py": "Slack tells that a person opens the bot's messages; Discord tells nothing",
        "features/install.py": "the OAuth pages; Discord has an address, see plugin.py there",
        "features/manifest.py": "Slack's apps are made from a file",
        "features/whole_message.py": "a mention's event lacks the files; Discord's messages are whole",
        "features/workspace_checks.py": "each workspace that installed the app has a token to be tried",
        "features/workspaces.py": "one workspace or all that installed the app",
        "listening/bolt_app.py": "Bolt reads what both ways in bring",
        "listening/complete.py": "names and files are asked for before an event is told; Discord's events bring them",
        "listening/http.py": "Slack can call the bot; Discord's gateway is a connection of ours alone",
        "listening/socket_mode.py": "Slack's socket; Discord's is listening/gateway.py",
        "transport/admins.py": "Slack is asked who is an admin; Discord tells it with each event",
        "transport/app_api.py": "one connection for many workspaces, each with a token; Discord has one token",
        "transport/hosts.py": "a file's address comes from the event and may lead anywhere; Discord's from two hosts",
        "transport/people.py": "which language somebody reads is asked for; Discord's interactions bring it",
        "transport/preflight.py": "two tokens and two ways in, of which each can be missing; Discord has one token",
        "transport/rate_limits.py": "Slack has a limit for each method; discord.py keeps Discord's",
        "transport/remembered.py": "what was asked for by id, kept; discord.py keeps what Discord tells",
        "transport/refusal_log.py": "who may call the bot's address; nobody calls Discord's",
    },
    "discord": {
        "delivery/bare.py": "any of Discord's messages without its look; Slack's are made in messages.py",
        "delivery/code_attachments.py": "a message of Discord holds 2,000 characters: long code comes as a file, too",
        "delivery/deadline_surface.py": "an interaction's token ends after 15 minutes",
        "delivery/interaction_channel.py": "an interaction is answered over its own webhook",
        "delivery/tables.py": "Discord draws no tables",
        "delivery/threads.py": "an answer in a thread of its own, which must be made; Slack's need only a name",
        "delivery/webhook.py": "an interaction is answered over its own webhook",
        "events/attachments.py": "files stand in four places of a message; Slack lists them in one",
        "events/commands.py": "commands are registered one by one; Slack has one, from its manifest",
        "features/suggestions.py": "what to ask next is buttons; Slack has prompts of its assistant",
        "events/tokens.py": "Discord's tokens; Slack's stand in its mrkdwn.py",
        "events/notices.py": "Discord sends the kind of a notice, and no words; Slack sends its text",
        "events/sdk_message.py": "discord.py keeps of a message what it knows; Slack's SDK gives JSON",
        "features/backfill_gaps.py": "Discord tells when a session was lost; Slack does not",
        "features/backfill_sweep.py": "channels are read one by one, found from what Discord lists",
        "features/channel_lookup.py": "an event does not tell whether its channel is a thread that was archived",
        "features/invitation.py": "an address that invites the bot; Slack's apps are installed from the manifest",
        "features/permissions.py": "permissions are summed up from roles and channels; Slack's scopes are a list",
        "features/command_sync.py": "commands are registered at the start; Slack's stand in the manifest",
        "listening/dispatcher.py": "interactions are answered within three seconds, before the core is told",
        "listening/gateway.py": "Discord's connection; Slack's is listening/socket_mode.py",
        "listening/parsers.py": "discord.py ends over one event that it can't read; Slack's SDK reads none",
        "listening/seat.py": "one shard among several processes: its fence, and its turn to identify",
        "listening/shards.py": "Discord has shards; of Slack's sockets one is as good as another",
        "listening/watchdog.py": "discord.py tries to connect for ever; Slack's is in socket_mode.py",
        "transport/http_hooks.py": "hooks on discord.py's own HTTP session; Slack's SDK takes a client",
        "transport/pacing.py": "how fast one channel is edited",
        "transport/sdk_addresses.py": "discord.py has no setting for its addresses",
        "transport/sdk_state.py": "where discord.py makes its objects",
        "transport/timing.py": "waits of discord.py that tests shorten",
    },
}
"""Folders and files that one frontend alone has, with the reason. All others stand in both, under one name."""


def rooms(platform: str) -> set[str]:
    folder = TREE / "bots" / platform
    files = {str(file.relative_to(folder)) for file in folder.rglob("*.py")}
    return files - {"__init__.py"}


@pytest.mark.parametrize("platform", FRONTENDS)
def test_what_only_one_frontend_has_is_there_for_a_reason(platform: str) -> None:
    (other,) = set(FRONTENDS) - {platform}
    alone = rooms(platform) - rooms(other)

    assert {each for each in alone if not _reason(platform, each)} == set()


@pytest.mark.parametrize("platform", FRONTENDS)
def test_no_reason_stands_for_what_is_gone_or_what_both_have(platform: str) -> None:
    (other,) = set(FRONTENDS) - {platform}
    stale = {
        each
        for each in ONLY_IN[platform]
        if not any(file.startswith(each) for file in rooms(platform))
        or any(file.startswith(each) for file in rooms(other))
    }

    assert stale == set()


def _reason(platform: str, file: str) -> str:
    """Why only this frontend has a file: the reason of the file itself, or of its folder (`installations/`)."""
    for prefix, reason in ONLY_IN[platform].items():
        if file == prefix or (prefix.endswith("/") and file.startswith(prefix)):
            return reason
    return ""
