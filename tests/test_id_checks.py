"""Entries of the access lists: such as could never match are refused; one may count in one workspace alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.frontends import installed
from bots.setting_rules.reading import SettingsRefused
from bots.settings import load
from core.admission.access import Access
from core.domain import Author, Identity, Place
from core.i18n import Phrase
from core.settings import AccessSettings


def refusals(tmp_path: Path, text: str) -> list[str]:
    """What is said of a configuration at the start."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    try:
        load(installed(), path=path, environment={})
    except SettingsRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []


@pytest.mark.parametrize(
    ("setting", "entry", "fix"),
    [
        ("block_users", "slack:u1", "Slack writes ids in capitals: U1"),
        ("block_users", "slack:T1/u1", "Slack writes ids in capitals: U1"),
        ("block_users", "slack:t1/U1", "Slack writes ids in capitals: T1"),
        ("allow_users", "slack:ana", "write the id of a user, such as U012AB3CD"),
        ("allow_users", "slack:@U1", "write the id of a user, such as U012AB3CD"),
        ("allow_channels", "slack:#general", "write the id of a channel, such as C012AB3CD"),
        ("block_workspaces", "slack:U1", "write the id of a workspace, such as T012AB3CD"),
        ("block_workspaces", "slack:T1/T2", "a workspace stands alone, without a slash"),
        ("block_roles", "slack:S1", "Slack has no roles"),
        ("block_users", "discord:ana#1234", "write the id of a user, a number"),
        ("block_roles", "discord:@admins", "write the id of a role, a number"),
        ("allow_workspaces", "discord:my server", "String should match"),
        ("block_users", "slak:U1", "there is no platform 'slak'; known: "),
        ("block_users", "Slack:U1", "there is no platform 'Slack'; known: "),
    ],
)
def test_an_entry_that_could_never_match_is_refused_with_its_fix(
    tmp_path: Path, setting: str, entry: str, fix: str
) -> None:
    (told,) = refusals(tmp_path, f'[access]\n{setting} = ["{entry}"]')

    assert f"[access] {setting}" in told
    assert fix in told or entry.partition(":")[2].count(" ")


@pytest.mark.parametrize(
    ("setting", "entry"),
    [
        ("block_users", "slack:U012AB3CD"),
        ("block_users", "slack:W012AB3CD"),
        ("block_users", "slack:T012AB3CD/U012AB3CD"),
        ("allow_channels", "slack:C012AB3CD"),
        ("allow_workspaces", "slack:E012AB3CD"),
        ("block_users", "discord:123456789012345678"),
        ("block_roles", "discord:123/456"),
        ("allow_workspaces", "discord:123456789012345678"),
        ("allow_users", "console:ana"),
    ],
)
def test_an_entry_in_its_platforms_form_is_taken(tmp_path: Path, setting: str, entry: str) -> None:
    assert refusals(tmp_path, f'[access]\n{setting} = ["{entry}"]') == []


def test_operators_are_named_in_their_platforms_form_too(tmp_path: Path) -> None:
    (told,) = refusals(tmp_path, '[operators]\nslack_users = ["u1"]')

    assert told.startswith("[operators] slack_users = 'u1'")


PIGEON = """
from bots.frontends import Plugin
from core.section import Section

class PigeonSettings(Section):
    wanted: bool = False

def id_fix(kind, given):
    return "" if given.islower() else f"pigeons are written small: {given.lower()}"

plugin = Plugin("pigeon", PigeonSettings, lambda settings, host: None, to_set="[pigeon] wanted", id_fix=id_fix)
"""


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of somebody else's, installed with a frontend."""
    (tmp_path / "pigeon_bot.py").write_text(PIGEON)
    information = tmp_path / "pigeon_bot-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-bot\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[aivax_bots.frontends]\npigeon = pigeon_bot:plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("pigeon_bot", None)


@pytest.mark.usefixtures("pigeon")
def test_another_packages_frontend_has_its_list_of_operators(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[operators]\npigeon_users = ["ana"]\ndiscord_roles = ["5"]\nchannel = "pigeon:loft"\n')

    filed = load(installed(), path=path, environment={}).operators
    named = load(
        installed(), path=path, environment={"AIVAX_BOTS__OPERATORS__PIGEON_USERS": "eva,bob"}
    ).operators

    assert filed.names == {"pigeon:ana", "discord:5"}
    assert named.names == {"pigeon:eva", "pigeon:bob", "discord:5"}


@pytest.mark.usefixtures("pigeon")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pigeon_users = ['Ana']", "[operators] pigeon_users = 'Ana': pigeons are written small: ana"),
        ("pigeon_roles = ['chiefs']", "[operators] pigeon_roles: there is no such key"),
        ("slack_roles = ['chiefs']", "[operators] slack_roles: there is no such key"),
    ],
)
def test_its_operators_are_judged_by_itself(tmp_path: Path, line: str, told: str) -> None:
    (refusal,) = refusals(tmp_path, f"[operators]\n{line}")

    assert refusal.startswith(told)


@pytest.mark.parametrize(
    ("lists", "workspace", "refusal"),
    [
        ({"block_users": ["fake:W1/ana"]}, "W1", Phrase.NOT_FOR_YOU),
        ({"block_users": ["fake:W1/ana"]}, "W2", None),
        ({"allow_users": ["fake:W1/ana"]}, "W2", Phrase.NOT_FOR_YOU),
        ({"block_roles": ["fake:W1/guests"]}, "W1", Phrase.NOT_FOR_YOU),
        ({"block_roles": ["fake:W1/guests"]}, "W2", None),
        ({"allow_channels": ["fake:W1/general"]}, "W1", None),
        ({"allow_channels": ["fake:W1/general"]}, "W2", Phrase.NOT_HERE),
        ({"block_channels": ["fake:W1/category"]}, "W1", Phrase.NOT_HERE),
    ],
)
def test_an_entry_may_count_in_one_workspace_alone(
    lists: dict[str, list[str]], workspace: str, refusal: Phrase | None
) -> None:
    author = Author(Identity("fake", workspace, "ana"), roles=("guests",))
    place = Place("fake", workspace, "general")
    access = Access(AccessSettings.model_validate(lists))

    assert access.refusal(author, place, ("category",)) is refusal
