"""The fingerprint by which `make faults` compares hosts: the same twice, and another after each of these changes."""

from __future__ import annotations

import json

import pytest
from client import eventually
from lab import ROOT, Lab

FINGERPRINT = (ROOT / "tests/faults/fingerprint.py").read_text()
TLS = "/etc/galilean/tls"
UNIT = "/etc/systemd/system/galilean-engine-api.service"


def fingerprint(lab: Lab) -> dict[str, str]:
    found: dict[str, str] = json.loads(lab.pipe("io", "{}", "python3", "-c", FINGERPRINT))
    return found


def settled(lab: Lab) -> dict[str, str]:
    """The fingerprint, once nothing that tests before have begun is on its way."""

    def same_twice() -> dict[str, str]:
        found = fingerprint(lab)
        return found if found == fingerprint(lab) else {}

    return eventually(same_twice, 120, "the host has settled")


@pytest.mark.parametrize(
    ("subject", "change", "back"),
    [
        ("", "true", "true"),
        (UNIT, f"chmod 0600 {UNIT}", f"chmod 0644 {UNIT}"),
        (UNIT, f"chown nobody {UNIT}", f"chown root {UNIT}"),
        (UNIT, f"echo '# edited' >>{UNIT}", f"sed -i '$d' {UNIT}; systemctl daemon-reload"),
        ("/usr/local/lib/left-over", "touch /usr/local/lib/left-over", "rm /usr/local/lib/left-over"),
        (
            f"{TLS}/node.pem",
            f"mv {TLS}/node-key.pem {TLS}/away; cp -p {TLS}/server-key.pem {TLS}/node-key.pem",
            f"mv {TLS}/away {TLS}/node-key.pem",
        ),
        ("user left-over", "useradd left-over", "userdel left-over"),
        ("package hello", "apt-get install -qq hello", "apt-get purge -qq hello"),
        (
            "service unattended-upgrades.service",
            "systemctl stop unattended-upgrades",
            "systemctl start unattended-upgrades",
        ),
        ("network left-over", "docker network create left-over", "docker network rm left-over"),
    ],
    ids=["nothing", "mode", "owner", "content", "file", "key", "user", "package", "service", "network"],
)
def test_a_change_is_seen(lab: Lab, subject: str, change: str, back: str) -> None:
    before = settled(lab)
    try:
        lab.run("io", "sh", "-ec", change)
        after = fingerprint(lab)
    finally:
        lab.run("io", "sh", "-c", back)
    different = {about for about in {*before, *after} if before.get(about) != after.get(about)}
    assert different == set() if not subject else subject in different
    eventually(lambda: fingerprint(lab) == before, 60, "the host is as it was")
