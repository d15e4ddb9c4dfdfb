"""Where another than an ACME server issues the certificate, nobody asks one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import Lab
from testinfra.host import Host

UNIT = "galilean-certificate-main"


@pytest.fixture
def kept_before(hosts: dict[str, Host]) -> Iterator[Host]:
    """The edge with a timer that an earlier source has left."""
    jupiter = hosts["jupiter"]
    for suffix, section in (("service", "[Service]\nExecStart=true"), ("timer", "[Timer]\nOnCalendar=daily")):
        jupiter.check_output(f"printf '{section}\n' >/etc/systemd/system/{UNIT}.{suffix}")
    jupiter.check_output(f"systemctl daemon-reload && systemctl start {UNIT}.timer")
    yield jupiter
    jupiter.run(f"systemctl stop {UNIT}.timer; rm -f /etc/systemd/system/{UNIT}.*")


def test_the_timer_of_an_earlier_source_is_gone(lab: Lab, kept_before: Host) -> None:
    run = lab.play("playbooks/edge.yml")
    assert run.returncode == 0, run.output
    assert not kept_before.file(f"/etc/systemd/system/{UNIT}.timer").exists
    assert not kept_before.file(f"/etc/systemd/system/{UNIT}.service").exists
    assert kept_before.run(f"systemctl is-active {UNIT}.timer").stdout.strip() == "inactive"


def test_nothing_of_certbot_is_installed(hosts: dict[str, Host]) -> None:
    assert not hosts["jupiter"].package("certbot").is_installed
