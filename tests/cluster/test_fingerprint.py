"""The fingerprint by which `make faults` compares hosts: the same twice, and another after each of these changes."""

from __future__ import annotations

import json
import time

import pytest
from lab import ROOT, Lab

pytestmark = pytest.mark.seldom
FINGERPRINT = (ROOT / "tests/faults/fingerprint.py").read_text()
TLS = "/etc/galilean/tls"
UNIT = "/etc/systemd/system/galilean-engine-api.service"
FIREWALL = "galilean-firewall.service"
FIREWALL_RULES = "/etc/galilean/firewall.nft"
RECORDS = "/run/galilean/started"
# Nodes have no registry, so that this one is all there is.
LEFT_OVER_TAG = "/var/lib/galilean/registry/docker/registry/v2/repositories/left-over/_manifests/tags/1/current"


def fingerprint(lab: Lab) -> dict[str, str]:
    found: dict[str, str] = json.loads(lab.pipe("io", "{}", "python3", "-c", FINGERPRINT))
    return found


def changes(lab: Lab) -> set[str]:
    """The subjects that do not stay as they are over three looks."""
    first, *others = (fingerprint(lab) for _look in range(3))
    return {about for look in others for about in {*first, *look} if first.get(about) != look.get(about)}


def test_nothing_changes_by_itself_once_the_tests_before_have_come_to_their_end(lab: Lab) -> None:
    found = changes(lab)
    deadline = time.monotonic() + 180
    while found and time.monotonic() < deadline:
        found = changes(lab)
    assert not found


@pytest.mark.parametrize(
    ("subject", "change", "back"),
    [
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
        ("unit fstrim.timer", "systemctl disable fstrim.timer", "systemctl enable fstrim.timer"),
        (
            "active dpkg-db-backup.timer",
            "systemctl stop dpkg-db-backup.timer",
            "systemctl start dpkg-db-backup.timer",
        ),
        (
            "mounted /srv/left-over",
            "mkdir /srv/left-over; mount -t tmpfs left-over /srv/left-over",
            "umount /srv/left-over; rmdir /srv/left-over",
        ),
        (
            "firewall",
            "nft insert rule inet galilean from_network tcp dport 9 drop",
            "systemctl reload galilean-firewall",
        ),
        (
            "sysctl fs.inotify.max_user_watches",
            "sysctl --quiet --write fs.inotify.max_user_watches=524289",
            "sysctl --quiet --write fs.inotify.max_user_watches=524288",
        ),
        (
            "registry left-over:1",
            f"mkdir -p {LEFT_OVER_TAG}; echo sha256:00 >{LEFT_OVER_TAG}/link",
            "rm -r /var/lib/galilean/registry; rmdir --ignore-fail-on-non-empty /var/lib/galilean",
        ),
        (f"runs {FIREWALL}", f"echo >>{FIREWALL_RULES}", f"sed -i '$d' {FIREWALL_RULES}"),
        (
            f"runs {FIREWALL}",
            f"cp -p {RECORDS}/{FIREWALL} /run/record; sed -i s/^InvocationID=./InvocationID=-/ {RECORDS}/{FIREWALL}",
            f"mv /run/record {RECORDS}/{FIREWALL}",
        ),
    ],
    ids=[
        "mode",
        "owner",
        "content",
        "file",
        "key",
        "user",
        "package",
        "service",
        "network",
        "unit",
        "timer",
        "mount",
        "rule",
        "setting",
        "tag",
        "read",
        "started",
    ],
)
def test_a_change_is_seen(lab: Lab, subject: str, change: str, back: str) -> None:
    before = fingerprint(lab).get(subject)
    try:
        lab.run("io", "sh", "-ec", change)
        after = fingerprint(lab).get(subject)
    finally:
        lab.run("io", "sh", "-c", back)
    assert after != before
    assert fingerprint(lab).get(subject) == before


def test_a_key_in_the_file_of_its_certificate_is_seen_to_fit(lab: Lab) -> None:
    pair, told = f"{TLS}/pair.pem", {}
    try:
        for key in ("node-key", "server-key"):
            lab.run("io", "sh", "-ec", f"cat {TLS}/node.pem {TLS}/{key}.pem >{pair}")
            told[key] = fingerprint(lab)[pair].rpartition(", ")[2]
    finally:
        lab.run("io", "rm", "--force", pair)
    assert told == {"node-key": "fits its key", "server-key": "does not fit its key"}
