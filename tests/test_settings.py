"""Reading the configuration: what wins, what is refused, and in which words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bots.frontends import installed
from bots.redaction import secrets_in
from bots.setting_rules import reading
from bots.setting_rules.reading import SettingsRefused
from bots.settings import Settings, compose, load
from core.settings import Route, StorageSettings

PLUGINS = installed()
TOKEN = "xoxb-111-222-SuperSecretSauce"
JARGON = re.compile(r"Input should|String should|pattern|pydantic|valid dictionary|NoneType|\^|\\")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(toml: str | bytes = "", **environment: str) -> Settings:
    """Load this file and this environment."""
    path = Path("given.toml")
    path.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return load(
        PLUGINS, path=path, environment={k.replace("AB__", "AIVAX_BOTS__"): v for k, v in environment.items()}
    )


def refusals(toml: str | bytes = "", **environment: str) -> list[str]:
    """What the operator reads, a line for each problem."""
    with pytest.raises(SettingsRefused) as caught:
        read(toml, **environment)
    return str(caught.value).splitlines()


# What is read, and from where


def test_nothing_at_all_gives_the_defaults() -> None:
    settings = load(PLUGINS, path=None, environment={})

    assert settings.web.port == 8780
    assert not settings.frontend("slack").wanted


def test_the_file_sets_what_it_names() -> None:
    settings = read('[aivax]\nmodel = "support:50c3"\n[slack]\nbot_token = "xoxb-1"\nenabled = false\n')

    assert settings.aivax.model == "support:50c3"
    assert settings.frontend("slack").bot_token.get_secret_value() == "xoxb-1"


def test_the_file_is_the_named_one_else_the_variables_else_config_toml() -> None:
    for name in ("named", "variable", "config"):
        Path(f"{name}.toml").write_text(f'[aivax]\nmodel = "{name}"\n')
    environment = {"AIVAX_BOTS_CONFIG": "variable.toml"}

    models = [
        load(PLUGINS, path=Path("named.toml"), environment=environment).aivax.model,
        load(PLUGINS, path=None, environment=environment).aivax.model,
        load(PLUGINS, path=None, environment={}).aivax.model,
    ]

    assert models == ["named", "variable", "config"]


def test_the_environment_wins_over_the_file() -> None:
    settings = read("[web]\nport = 1\nenabled = true\n", AB__WEB__PORT="2")

    assert settings.web.port == 2
    assert settings.web.enabled


def test_the_names_in_the_environment_may_be_written_in_any_case() -> None:
    assert read(AIVAX_BOTS__aivax__Model="a").aivax.model == "a"
    assert read(aivax_bots__AIVAX__model="b").aivax.model == "b"


def test_a_file_named_in_the_environment_holds_the_value() -> None:
    Path("token").write_bytes(b"\xef\xbb\xbf" + TOKEN.encode() + b"\r\n")
    Path("users").write_text("U1, U2\n")

    settings = read(AB__SLACK__BOT_TOKEN_FILE="token", AB__OPERATORS__SLACK_USERS_FILE="users")

    assert settings.frontend("slack").bot_token.get_secret_value() == TOKEN
    assert settings.operators.names == {"slack:U1", "slack:U2"}


@pytest.mark.parametrize("written", ["U1,U2", " U1 , U2, ", '["U1", "U2"]'])
def test_a_list_in_the_environment_is_written_with_commas_or_as_json(written: str) -> None:
    assert read(AB__OPERATORS__SLACK_USERS=written).operators.names == {"slack:U1", "slack:U2"}


def test_an_empty_list_in_the_environment_empties_the_files() -> None:
    assert not read('[operators]\nslack_users = ["U1"]', AB__OPERATORS__SLACK_USERS="").operators.names


def test_routes_come_from_the_file_or_as_json() -> None:
    route = {"platform": "slack", "channel": "C1", "model": "m"}

    from_file = read('[[routes]]\nplatform = "slack"\nchannel = "C1"\nmodel = "m"\n')
    from_environment = read(AB__ROUTES=json.dumps([route]))

    assert from_file.routes == from_environment.routes == (Route(**route),)


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem() -> None:
    assert read(b'\xef\xbb\xbf[aivax]\r\nmodel = "m"\r\n').aivax.model == "m"


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        read().aivax.model = "other"


# Names that nobody knows


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[slak]\nx = 1", "[slak]: there is no such section; did you mean 'slack'?"),
        ("[slack]\nbot_tokn = 'x'", "[slack] bot_tokn: there is no such key; did you mean 'bot_token'?"),
        (
            "[[routes]]\nplatform = 'slack'\n[[routes]]\nplatfrom = 'x'\nplatform = 'slack'",
            "[[routes]] entry 2, platfrom: there is no such key; did you mean 'platform'?",
        ),
    ],
)
def test_an_unknown_name_in_the_file_is_refused_with_the_nearest_known_one(toml: str, problem: str) -> None:
    assert refusals(toml) == [problem]


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        ("AIVAX_BOTS__SLAK__BOT_TOKEN", "there is no section [slak]; did you mean 'slack'?"),
        ("AIVAX_BOTS__SLACK__BOT_TOKN", "[slack] has no key 'bot_tokn'; did you mean 'bot_token'?"),
        ("AIVAX_BOTS__SLACK__BOT_TOKN_FILE", "[slack] has no key 'bot_tokn_file'; did you mean 'bot_token'?"),
        (
            "AIVAX_BOTS__WEB",
            (
                "write AIVAX_BOTS__WEB__KEY to name a key; known: admin_token, body_bytes, connections, "
                "console, deaf_after_s, enabled, host, keep_alive_s, last_answers_s, metrics_token, port, "
                "request_timeout_s"
            ),
        ),
        ("AIVAX_BOTS__ROUTES__0__MODEL", "write all routes as one JSON list into AIVAX_BOTS__ROUTES"),
    ],
)
def test_an_unknown_name_in_the_environment_is_refused_too(variable: str, problem: str) -> None:
    assert refusals(**{variable: TOKEN}) == [f"{variable}: {problem}"]


def test_a_name_that_resembles_nothing_is_answered_with_all_that_there_are() -> None:
    (problem,) = refusals("[zzzz]\nx = 1")

    assert "known: access, account, aivax, backup, batch, conversation," in problem


def test_everything_that_is_wrong_is_told_at_once() -> None:
    problems = refusals(
        "[web]\nport = 70000\nhots = 1\n[slak]\n", AB__AIVAX__TRIES="0", AB__LOGS__LEVEL="info"
    )

    told = "\n".join(problems)
    assert len(problems) == 5
    for name in ("[web] port", "[web] hots", "[slak]", "[aivax] tries", "AIVAX_BOTS__LOGS__LEVEL"):
        assert name in told


# Values that can't be used

VALUES = [
    (
        "[aivax]\nbase_url = 'ftp://aivax.net'",
        "[aivax] base_url = 'ftp://aivax.net': write an address that begins with https://",
    ),
    ("[aivax]\ndirect_url = 'x'", "[aivax] direct_url = 'x': write an address that begins with https://"),
    ("[aivax]\nmax_completion_tokens = 1.5", "[aivax] max_completion_tokens = '1.5': write a whole number"),
    ("[aivax]\nidle_timeout_s = 'long'", "[aivax] idle_timeout_s = 'long': write a number"),
    ("[aivax]\nidle_timeout_s = 0", "[aivax] idle_timeout_s = '0': write a number above 0"),
    ("[aivax]\ntemperature = 9", "[aivax] temperature = '9': write 2.0 or less"),
    ("[aivax]\ntries = 0", "[aivax] tries = '0': write 1 or more"),
    ("[conversation]\nidle_reset_hours = nan", "[conversation] idle_reset_hours = 'nan': write 0"),
    ("[conversation]\nscope = 'all'", "[conversation] scope = 'all': write 'author' or 'thread'"),
    ("[web]\nenabled = 'maybe'", "[web] enabled = 'maybe': write true or false"),
    ("[storage]\nurl = ''", "[storage] url: it may not be empty"),
    ("[storage]\nurl = 3", "[storage] url = '3': write it as text in quotes"),
    (
        "[operators]\nslack_users = 'U1'",
        "[operators] slack_users = 'U1': write it as a list, such as [\"one\"",
    ),
    ("[operators]\nslack_users = ['U1', 2]", "[operators] slack_users, entry 2 = '2': write it as text"),
    ("[discord]\ncdn_hosts = ['a b']", "[discord] cdn_hosts, entry 1 = 'a b': it holds a blank or a char"),
    ("slack = 3", "[slack]: write it as a section: its name in brackets"),
    ("slack = []", "[slack]: write it as a section: its name in brackets"),
    ("[[slack]]", "[slack]: write it as a section: its name in brackets"),
    ("routes = 3", "[[routes]]: begin each route with a line [[routes]], in double brackets"),
    ("[routes]\nplatform = 'x'", "[[routes]]: begin each route with a line [[routes]]"),
    ("routes = [3]", "[[routes]] entry 1 = '3': write it as a section"),
    ("[[routes]]\nchannel = 'C'", "[[routes]] entry 1, platform: this is missing: add it"),
    ("[[routes]]\nplatform = ''", "[[routes]] entry 1, platform: it may not be empty"),
]


@pytest.mark.parametrize(("toml", "problem"), VALUES, ids=[toml.replace("\n", " ") for toml, _ in VALUES])
def test_a_bad_value_is_told_with_its_setting_and_what_to_write_instead(toml: str, problem: str) -> None:
    (told,) = refusals(toml)

    assert told.startswith(problem)
    assert not JARGON.search(told)


def test_a_bad_value_of_the_environment_is_told_the_same_way() -> None:
    assert refusals(AB__WEB__PORT="") == ["[web] port: write a whole number"]
    assert refusals(AB__ROUTES="{") == [
        "AIVAX_BOTS__ROUTES: write it as JSON, or put it into config.toml",
    ]


def test_a_long_value_is_not_repeated_in_full() -> None:
    (problem,) = refusals(f"[web]\nenabled = '{'x' * 5000}'")

    assert len(problem) < 200


@pytest.mark.parametrize(
    ("toml", "fix"),
    [
        (b"[slack\n", "this is not valid TOML: Expected ']'"),
        (b"[slack]\nbot_token = " + TOKEN.encode(), "this is not valid TOML: "),
        (b"\xff\xfe[\x00s\x00", "this is not UTF-8 text: save the file in that encoding"),
        (b"x = " + b"9" * 5000, "this is not valid TOML"),
        (b"x = " + b"[" * 5000, "this is not valid TOML"),
    ],
    ids=["bracket", "no quotes", "UTF-16", "digits", "depth"],
)
def test_a_file_that_is_no_toml_is_refused_by_its_name(toml: bytes, fix: str) -> None:
    (problem,) = refusals(toml)

    assert problem.startswith(f"given.toml: {fix}")
    assert TOKEN not in problem


def test_a_file_that_is_not_there_or_none_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsRefused, match=r"^gone\.toml: the file can't be read \(No such file"):
        load(PLUGINS, path=Path("gone.toml"), environment={})
    with pytest.raises(SettingsRefused, match="Is a directory"):
        load(PLUGINS, path=None, environment={"AIVAX_BOTS_CONFIG": "."})


def test_a_values_file_that_can_not_be_read_is_refused_by_its_variable() -> None:
    Path("picture").write_bytes(b"\xff\xd8\xff")

    assert refusals(AB__AIVAX__MODEL_FILE="gone") == [
        "AIVAX_BOTS__AIVAX__MODEL_FILE = 'gone': the file that it names can't be read (No such file or directory)"
    ]
    assert "(it is not text)" in refusals(AB__AIVAX__MODEL_FILE="picture")[0]


# Secrets


def _misplaced() -> Iterator[tuple[str, dict[str, str]]]:
    for token in (
        TOKEN,
        "sk-aiv-acc-0123456789",
        "MTA5ODc2NTQzMjEwOTg3NjU0.GabcDE.abcdefghijklmnopqrstuvwxyz0123",
    ):
        yield f"slack = '{token}'", {}
        yield f"[slack]\ntoken = '{token}'", {}
        yield f"[slack]\nbot_token = ['{token}']", {}
        yield f"[slack.bot_token]\nvalue = '{token}'", {}
        yield f"[slack]\n'{token}' = 1", {}
        yield f"[web]\nport = '{token}'", {}
        yield f"[aivax]\nbase_url = '{token}'", {}
        yield f"[operators]\nslack_users = '{token}'", {}
        yield "", {"AIVAX_BOTS__SLACK": token}
        yield "", {"AIVAX_BOTS__SLACK__TOKEN": token}
        yield "", {"AIVAX_BOTS__SLACK__BOT_TOKEN_FILE": token}
        yield "", {"AIVAX_BOTS__ROUTES": token}
        yield "", {"AIVAX_BOTS__AIVAX__MODEL_FILE": token}
    yield "[aivax]\nbase_url = 'https://ana:SuperSecretSauce@host/?x'", {}


@pytest.mark.parametrize(
    ("library", "installed_ones", "fix"),
    [
        ("requests", ("httpx", "httpx2"), "write httpx or httpx2"),
        ("httpx2", ("httpx",), "install it: pip install 'aivax-bots[httpx2]'"),
        ("httpx2", ("httpx", "httpx2"), ""),
    ],
)
def test_an_http_library_that_is_not_there_is_refused(
    library: str, installed_ones: tuple[str, ...], fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "find_spec", lambda name: name if name in installed_ones else None)

    if fix:
        assert refusals(AIVAX_BOTS_HTTP_LIBRARY=library) == [f"AIVAX_BOTS_HTTP_LIBRARY = {library!r}: {fix}"]
    else:
        assert read(AIVAX_BOTS_HTTP_LIBRARY=library)


@pytest.mark.parametrize(("toml", "environment"), list(_misplaced()))
def test_a_misplaced_secret_is_never_repeated(toml: str, environment: dict[str, str]) -> None:
    told = "\n".join(refusals(toml, **environment))

    for secret in ("SuperSecretSauce", "0123456789", "abcdefghijklmnopqrstuvwxyz"):
        assert secret not in told


def test_secrets_do_not_show_in_a_repr() -> None:
    settings = read(
        f"[slack]\nbot_token = '{TOKEN}'\n[aivax]\napi_key = '{TOKEN}'\n[web]\nadmin_token = '{TOKEN}'"
    )

    assert TOKEN not in f"{settings!r} {settings} {settings.model_dump()} {settings.frontend('slack')!r}"


def test_every_secret_is_known_to_whoever_hides_them() -> None:
    settings = read(
        "[slack]\nbot_token = ' padded-secret '\n[web]\nadmin_token = 'opensesame'\n"
        "[storage]\nurl = 'postgresql://bot:dbpassword@host/name'"
    )

    assert {"padded-secret", "opensesame", "dbpassword"} <= set(secrets_in(settings))
    assert "" not in secrets_in(settings)


# Whatever comes

VARIABLES = [
    f"AIVAX_BOTS__{section.upper()}__{key.upper()}{suffix}"
    for section, field in compose(PLUGINS).model_fields.items()
    if section not in ("routes", "forms", "digests")
    for key in field.annotation.model_fields  # type: ignore[union-attr]  # a section
    for suffix in ("", "_FILE")
] + ["AIVAX_BOTS__ROUTES", "AIVAX_BOTS__FORMS", "AIVAX_BOTS_CONFIG"]
NAMES = st.sampled_from(VARIABLES) | st.text(max_size=20).map("AIVAX_BOTS__{}".format)
ANYTHING = st.text(st.characters(), max_size=40) | st.sampled_from(
    [
        "",
        "-1",
        "1e999",
        "nan",
        "[",
        "[1]",
        '["\\ud800"]',
        '{"a": 1}',
        "[" * 3000,
        "9" * 5000,
        "\x00",
        "true",
        "/",
        ".",
    ]
)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, ANYTHING, max_size=4))
@example({"AIVAX_BOTS__SLACK__API_URL": "http://\ud800"})
@example({"AIVAX_BOTS__LOG__LEVEL": "\ud800"})
@example({"AIVAX_BOTS__AIVAX__MODEL_FILE": "\ud800\x00"})
def test_whatever_the_environment_holds_it_is_taken_or_refused(environment: dict[str, str]) -> None:
    with suppress(SettingsRefused):
        load(PLUGINS, path=None, environment=environment)


def test_a_variable_with_too_few_underscores_is_refused_with_the_right_form() -> None:
    with pytest.raises(SettingsRefused, match="AIVAX_BOTS__SECTION__KEY"):
        load({}, path=None, environment={"AIVAX_BOTS_SLACK__BOT_TOKEN": "xoxb-1"})


def test_a_database_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(StorageSettings(url="postgresql://bot:hunter2@host/bots"))
