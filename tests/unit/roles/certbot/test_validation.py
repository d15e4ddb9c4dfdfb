"""What an ACME server or certbot would refuse is refused before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import acme
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding
from ansible_collections.galilean.hub.roles.certbot.meta import validation

SOUND = {
    "cluster_public_url": "https://hub.example.org",
    "proxy_certificate_source": "acme",
    "certbot_email": "operator@example.org",
    "certbot_challenge": "http-01",
    "certbot_source": "distribution",
    "certbot_dns_plugin": "rfc2136",
    "certbot_dns_credentials": "",
}
RFC2136 = "dns_rfc2136_server = 192.0.2.1\ndns_rfc2136_name = hub\ndns_rfc2136_secret = c2VjcmV0\n"


def findings(**changed: Any) -> Iterator[Finding]:
    values = {**SOUND, **changed}
    cluster = Cluster({"all": ["jupiter"], "hub": ["jupiter"]}, {"jupiter": values}, {}, {}, {}, {}, {}, {}, {})
    for rule in (*validation.RULES, *acme.RULES):
        yield from rule(cluster)


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    path = tmp_path / "dns.ini"
    path.touch(mode=0o600)
    path.write_text(RFC2136)
    return path


def test_what_a_server_and_certbot_take_is_taken(credentials: Path) -> None:
    assert not list(findings())
    by_dns = {"certbot_challenge": "dns-01", "certbot_dns_credentials": str(credentials)}
    assert not list(findings(**by_dns))
    assert not list(findings(**by_dns, certbot_source="pinned"))
    assert not list(findings(**by_dns, jupyterhub_user_subdomains=True))
    assert not list(findings(certbot_names=["hub.example.org", "www.example.org"]))


def test_nobody_else_is_judged() -> None:
    assert not list(
        findings(proxy_certificate_source="cluster", certbot_email="", cluster_public_url="https://localhost")
    )


@pytest.mark.parametrize(
    ("changed", "variable", "problem"),
    [
        ({"certbot_email": ""}, "certbot_email", "whom to tell"),
        ({"certbot_email": "nobody"}, "certbot_email", "whom to tell"),
        ({"cluster_public_url": "https://localhost:8443"}, "cluster_public_url", "no public name"),
        ({"cluster_public_url": "https://192.0.2.7"}, "cluster_public_url", "no public name"),
        ({"cluster_public_url": "https://169.254.0.7"}, "cluster_public_url", "no public name"),
        ({"cluster_public_url": "https://[2001:db8::7]"}, "cluster_public_url", "no public name"),
        ({"cluster_public_url": "https://hub.localhost"}, "cluster_public_url", "no public name"),
        ({"proxy_http_port": 8080}, "proxy_http_port", "asks port 80, and nginx would answer at 8080"),
        ({"cluster_public_url": "https://hub"}, "cluster_public_url", "no public name"),
        ({"certbot_names": ["www.example.org"]}, "certbot_names", "people come to hub.example.org"),
        (
            {"jupyterhub_user_subdomains": True, "certbot_names": ["hub.example.org"]},
            "certbot_names",
            "people come to *.hub.example.org",
        ),
        ({"jupyterhub_user_subdomains": True}, "certbot_challenge", "*.hub.example.org is a wildcard"),
        ({"certbot_eab_kid": "key-1"}, "certbot_eab_hmac_key", "one of them is missing"),
        ({"certbot_eab_hmac_key": "a2V5"}, "certbot_eab_kid", "one of them is missing"),
        ({"certbot_challenge": "dns-01"}, "certbot_dns_credentials", "needs its file of credentials"),
    ],
)
def test_what_would_be_refused_is_named(changed: dict[str, Any], variable: str, problem: str) -> None:
    (finding,) = findings(**changed)
    assert (finding.host, finding.variable) == ("jupiter", variable)
    assert problem in finding.problem


@pytest.mark.parametrize(
    ("source", "problem"), [("distribution", "no distribution has"), ("pinned", "not among the requirements")]
)
def test_a_plugin_that_would_not_be_installed(credentials: Path, source: str, problem: str) -> None:
    given = {"certbot_dns_plugin": "hetzner", "certbot_source": source, "certbot_dns_credentials": str(credentials)}
    (finding,) = findings(certbot_challenge="dns-01", **given)
    assert finding.variable == "certbot_dns_plugin"
    assert problem in finding.problem


@pytest.mark.parametrize(
    ("mode", "text", "problem"),
    [
        (0o644, RFC2136, "others can read the file it names, whose mode is 0644"),
        (0o640, RFC2136, "others can read"),
        (0o600, RFC2136.replace("dns_rfc2136_secret", "#"), "lacks what the plugin needs"),
    ],
)
def test_credentials_that_are_open_or_incomplete(credentials: Path, mode: int, text: str, problem: str) -> None:
    credentials.write_text(text)
    credentials.chmod(mode)
    (finding,) = findings(certbot_challenge="dns-01", certbot_dns_credentials=str(credentials))
    assert finding.variable == "certbot_dns_credentials"
    assert problem in finding.problem
    assert "c2VjcmV0" not in f"{finding.problem}{finding.advice}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [("requests==2.32.0 --hash=sha256:00\n", "pins no certbot"), ("certbot==5.8.0\n", "has no hashes")],
)
def test_requirements_that_pip_would_not_install(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    (finding,) = findings(certbot_source="pinned", certbot_requirements=str(path))
    assert (finding.variable, finding.problem) == ("certbot_requirements", f"the file it names {problem}")


def test_a_plugin_that_is_pinned(tmp_path: Path, credentials: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("certbot-dns-hetzner==2.0.1 --hash=sha256:00\ncertbot==5.8.0 --hash=sha256:00\n")
    given = {"certbot_dns_plugin": "hetzner", "certbot_dns_credentials": str(credentials)}
    pinned = {"certbot_source": "pinned", "certbot_requirements": str(path)}
    assert not list(findings(certbot_challenge="dns-01", **given, **pinned))


def test_requirements_that_are_not_there() -> None:
    (finding,) = findings(certbot_source="pinned", certbot_requirements="/nowhere/requirements.txt")
    assert "No such file" in finding.problem


@pytest.mark.parametrize(
    "calendar", ["daily", "*-*-* 00,12:00:00", "*:*:0/3", "Mon..Fri 03:00", "Sat *-*-1..7 18:00", "Mon"]
)
def test_a_calendar_of_systemds(calendar: str) -> None:
    assert validation.FORMS["certbot_renewal_calendar"].fits(calendar)


@pytest.mark.parametrize("calendar", ["", "sometimes", "12:00 Tue", "daily daily", "at noon", "3"])
def test_what_is_none(calendar: str) -> None:
    assert not validation.FORMS["certbot_renewal_calendar"].fits(calendar)


def test_of_an_address_that_is_none_others_tell() -> None:
    assert not list(findings(cluster_public_url="", certbot_names=["hub.example.org"]))


def test_what_is_encrypted_may_be_read_by_all(credentials: Path) -> None:
    credentials.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    credentials.chmod(0o644)
    assert not list(findings(certbot_challenge="dns-01", certbot_dns_credentials=str(credentials)))


def test_credentials_that_are_not_there() -> None:
    (finding,) = findings(certbot_challenge="dns-01", certbot_dns_credentials="/nowhere/dns.ini")
    assert "cannot be read on this machine" in finding.problem
