"""A hub that an earlier release has made, with its instance beside the collection's own directories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from client import eventually
from lab import Lab
from testinfra.host import Host

pytestmark = pytest.mark.seldom
STATE = "/var/lib/galilean/instances/main"
CONFIGURATION = "/etc/galilean/instances/main"
UNITS = "/etc/systemd/system/galilean-hub@.service /etc/systemd/system/galilean-proxy@.service"
# Hub and proxy as that release has left them, and a mark in the hub's database.
MAKE_EARLIER = rf"""
set -e
systemctl stop galilean-hub@main galilean-proxy@main
docker rm --force galilean-hub-main galilean-proxy-main
mv {CONFIGURATION} /etc/galilean/main
mv {STATE} /var/lib/galilean/main
rm -r /run/galilean/instances
docker network rm gal-main
docker network create --opt com.docker.network.bridge.name=gal-main galilean-main-hub
sed -i 's:galilean/instances/%i:galilean/%i:; s:--network gal-%i:--network galilean-%i-hub:' {UNITS}
python3 -c "
import sqlite3
with sqlite3.connect('/var/lib/galilean/main/hub/jupyterhub.sqlite') as database:
    database.execute('CREATE TABLE mark (text TEXT)')
    database.execute('INSERT INTO mark VALUES (\'kept\')')
"
systemctl daemon-reload
systemctl start galilean-proxy@main galilean-hub@main
"""
IN_DATABASE = f"python3 -c \"import sqlite3; print(*sqlite3.connect('{STATE}/hub/jupyterhub.sqlite').execute('%s'))\""
HEALTH = (
    "python3 -c \"import urllib.request as r; r.urlopen('http://$(docker port galilean-proxy-main 8000)/hub/health')\""
)


@pytest.fixture
def jupiter(lab: Lab, hosts: dict[str, Host]) -> Iterator[Host]:
    host = hosts["jupiter"]
    host.check_output(MAKE_EARLIER)
    eventually(lambda: host.run(HEALTH).succeeded, "the hub of the earlier release answers")
    yield host
    run = lab.play("playbooks/hub.yml")
    assert run.returncode == 0, run.output
    host.check_output(IN_DATABASE % "DROP TABLE mark")


def moved(jupiter: Host) -> bool:
    """Whether database and cookie secret are at their place, and nothing at the earlier one."""
    jupiter.check_output(f"test -e {CONFIGURATION}/secrets.json")
    left = jupiter.run("ls -d /etc/galilean/main /var/lib/galilean/main").stdout
    return "kept" in jupiter.check_output(IN_DATABASE % "SELECT text FROM mark") and not left


def test_a_run_moves_it_once(lab: Lab, jupiter: Host) -> None:
    secrets = jupiter.check_output("sha256sum </etc/galilean/main/secrets.json")
    run = lab.play("playbooks/hub.yml")
    assert run.returncode == 0, run.output
    assert moved(jupiter)
    assert jupiter.check_output(f"sha256sum <{CONFIGURATION}/secrets.json") == secrets
    assert jupiter.run(HEALTH).succeeded
    assert jupiter.run("docker network inspect galilean-main-hub").failed
    assert lab.play("playbooks/hub.yml").changed["jupiter"] == 0


@pytest.mark.parametrize("moves", [1, 2])
def test_a_power_cut_between_two_moves_loses_nothing(lab: Lab, jupiter: Host, moves: int) -> None:
    jupiter.check_output(
        "; ".join(
            [
                "mkdir -p /etc/galilean/instances /var/lib/galilean/instances",
                f"mv /etc/galilean/main {CONFIGURATION}",
                f"mv /var/lib/galilean/main {STATE}",
            ][: moves + 1]
        )
    )
    # As when the host boots: all that runs begins anew.
    jupiter.run("systemctl restart galilean-proxy@main galilean-hub@main")
    run = lab.play("playbooks/hub.yml")
    assert run.returncode == 0, run.output
    assert moved(jupiter)
    assert jupiter.run(HEALTH).succeeded
