"""Variables of the machine for proxies and certificates: read as other programs read them, or named in a sentence."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.setting_rules.machine import drop_unusable
from core.aivax.network.certificates import authorities
from core.aivax.network.proxies import is_excepted, proxy_of
from core.aivax.transport import Wire, trusted
from core.domain import SettingRefused
from tests.scripted_aivax import settings

PROXY = "http://proxy.example:8080"
"""Never asked: nothing here leaves the process."""


def wired(base_url: str) -> dict[str, str]:
    """Which proxies the HTTP client goes through for these settings."""
    wire = Wire(settings(base_url=base_url, direct_url=""), transport=None, now=lambda: 0.0)
    return {pattern.pattern: type(carrier._inner).__name__ for pattern, carrier in wire._http._mounts.items()}


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        ("https://ai.example/v1", {"https": PROXY}, (PROXY, "HTTPS_PROXY")),
        ("https://ai.example/v1", {"http": PROXY}, ("", "")),
        ("http://ai.example/v1", {"http": "proxy.example:3128"}, ("http://proxy.example:3128", "HTTP_PROXY")),
        ("https://ai.example/v1", {"all": "socks5h://p:1080"}, ("socks5h://p:1080", "ALL_PROXY")),
        (
            "https://ai.example/v1",
            {"all": "socks://127.0.0.1:7890/"},
            ("socks5://127.0.0.1:7890/", "ALL_PROXY"),
        ),
        ("https://ai.example/v1", {"all": "socks4://p:1", "https": PROXY}, (PROXY, "HTTPS_PROXY")),
        ("https://ai.example/v1", {"https": " "}, ("", "")),
        ("https://ai.example/v1", {"https": PROXY, "no": "*"}, ("", "")),
        ("http://localhost:1/v1", {"all": "socks5://127.0.0.1:1080"}, ("", "")),
        ("http://127.8.0.1/v1", {"http": "not a proxy"}, ("", "")),
        ("http://[::1]:8080/v1", {"http": PROXY}, ("", "")),
        ("http://box.localhost/v1", {"http": PROXY}, ("", "")),
    ],
)
def test_the_proxy_of_an_address(url: str, variables: dict[str, str], expected: tuple[str, str]) -> None:
    assert proxy_of(url, variables) == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("socks4://p:1080", "socks5://"),
        ("ftp://p:21", "http://"),
        ("http://p:port", "no address"),
        ("http://[::1", "no address"),
        ("http://", "no address"),
        ("http://a b:80", "no address"),
    ],
)
def test_a_proxy_that_can_t_be_used_is_named_with_its_variable(value: str, says: str) -> None:
    with pytest.raises(SettingRefused, match=says) as caught:
        proxy_of("https://ai.example/v1", {"https": value})

    assert caught.value.setting == "HTTPS_PROXY"
    assert "unset HTTPS_PROXY" in str(caught.value)


def test_a_proxy_s_password_is_not_told() -> None:
    with pytest.raises(SettingRefused) as caught:
        proxy_of("https://ai.example/v1", {"https": "http://ana:hush@p:port"})

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "entries", "expected"),
    [
        ("ai.example", "example", True),
        ("ai.example", ".ai.example", True),
        ("ai.example", "ai.example.", True),
        ("ai.example", "*.example", True),
        ("ai.example", "other.example, AI.EXAMPLE", True),
        ("ai.example", "localhost ai.example", True),
        ("myai.example", "ai.example", False),
        ("ai.example", "www.ai.example", False),
        ("ai.example", "ai.example:443", True),
        ("ai.example", "ai.example:8443", False),
        ("ai.example", "https://ai.example", True),
        ("ai.example", "localhost,[::1]", False),
        ("ai.example", ",;,", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2", False),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fd00::1", "[fd00::1]", True),
        ("fd00::1", "fd00::/8", True),
        ("fd00::1", "[fd00::]/8", True),
        ("fd00::1", "[fd00::1]:443", True),
        ("fd00::1", "[fd00::2", False),
        ("10.1.2.3", "10.0.0.0/99", False),
    ],
)
def test_what_no_proxy_excepts(host: str, entries: str, expected: bool) -> None:
    assert is_excepted(host, 443, entries) is expected


def refused_by(act: Callable[[], object]) -> str:
    """The setting that is refused; empty where none is."""
    try:
        act()
    except SettingRefused as refused:
        return refused.setting
    return ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_value_raises_anything_but_a_sentence(proxy: str, excepted: str) -> None:
    is_excepted("ai.example", 443, excepted)
    asked = {"https": proxy, "no": excepted}

    assert refused_by(lambda: proxy_of("https://ai.example/v1", asked)) in ("", "HTTPS_PROXY")


@pytest.mark.parametrize(
    "value", ["http://p:99999999", "http://p:-1", "http://\udcff", "http://xn--a", "socks5://p:1"]
)
def test_the_client_is_made_or_the_variable_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)

    assert refused_by(lambda: wired("https://ai.example/v1")) in ("", "HTTPS_PROXY")


def test_a_proxy_is_used_for_the_host_that_needs_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "localhost,[::1]")

    assert wired("https://ai.example/v1") == {"https://ai.example": "AsyncHTTPTransport"}
    assert wired("http://localhost:1/v1") == {}


def test_socks_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setitem(sys.modules, "socksio", None)

    with pytest.raises(SettingRefused, match=r"aivax-bots\[socks\].*unset ALL_PROXY"):
        wired("https://ai.example/v1")
    assert wired("http://localhost:1/v1") == {}


def test_a_file_of_authorities_is_read(tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.write_text(ssl.DER_cert_to_PEM_cert(trusted().get_ca_certs(binary_form=True)[0]))

    context = authorities({"SSL_CERT_FILE": str(pem)}, ssl.create_default_context)

    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone.pem", "can't be read"),
        ("", "can't be read"),
        ("text.pem", "no certificates"),
        ("\0", "can't be read"),
    ],
)
def test_a_file_that_holds_no_authorities_is_named(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    path = f"{tmp_path}/{name}"

    with pytest.raises(SettingRefused, match=says) as caught:
        authorities({"SSL_CERT_FILE": path}, ssl.create_default_context)

    assert (caught.value.setting, caught.value.value) == ("SSL_CERT_FILE", path)


def test_a_folder_of_authorities_adds_to_them_and_one_that_is_gone_takes_none_away(tmp_path: Path) -> None:
    context = authorities({"SSL_CERT_DIR": f"{tmp_path}{os.pathsep}/gone"}, lambda: trusted_anew())

    assert context.get_ca_certs()


def trusted_anew() -> ssl.SSLContext:
    trusted.cache_clear()
    return trusted()


def test_a_key_log_that_can_t_be_written_is_dropped_and_named(tmp_path: Path) -> None:
    variables = {"SSLKEYLOGFILE": "/gone/keys.log"}

    assert "/gone/keys.log" in drop_unusable(variables)
    assert variables == {}

    usable = {"SSLKEYLOGFILE": str(tmp_path / "keys.log")}
    assert drop_unusable(usable) == ""
    assert usable
