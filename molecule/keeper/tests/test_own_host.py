"""A storage host that is neither hub nor node: it keeps the homes without an engine, and the hub asks it from afar."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import testinfra
from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import ROOT, Lab
from testinfra.host import Host

pytestmark = pytest.mark.seldom
SLUG = "molecule-4567cdef"
HOME = f"/srv/galilean/homes/main/{SLUG}"
CALLISTO = """
storage:
  hosts:
    callisto:
      ansible_host: "{{ lab_name }}-callisto"
      lab_image: galilean-host:bookworm
      lab_address: "{{ lab_subnet }}.14"
"""


@pytest.fixture(scope="module")
def callisto(lab: Lab) -> Iterator[Host]:
    """A fourth host, which keeps the homes until the end of these tests."""
    path = ROOT / ".lab" / lab.name / "callisto.yml"
    path.write_text(CALLISTO)
    both = ("--inventory", "inventories/lab", "--inventory", str(path))
    for playbook in ("tests/lab/create.yml", "playbooks/hosts.yml", "playbooks/storage.yml"):
        run = lab.play(playbook, *both)
        assert run.returncode == 0, run.output
    yield testinfra.get_host(f"docker://{lab.container('callisto')}")
    path.unlink()
    lab.docker("rm", "--force", "--volumes", lab.container("callisto"))
    lab.docker("volume", "rm", f"{lab.container('callisto')}-docker")
    for playbook in ("playbooks/hosts.yml", "playbooks/storage.yml"):
        run = lab.play(playbook)
        assert run.returncode == 0, run.output


def test_the_hub_gets_homes_from_it(
    lab: Lab, hosts: dict[str, Host], callisto: Host, fetch: Callable[..., dict[str, Any] | None]
) -> None:
    hub = Authority.of(lab).issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH)
    address = callisto.check_output("hostname --ip-address")
    body = json.dumps({"user": "molecule", "quota_bytes": 0})
    answer = fetch("PUT", 8444, f"/v1/homes/{SLUG}", *hub, body=body, address=address)
    assert answer
    home = json.loads(answer["body"])
    try:
        for host in (callisto, *hosts.values()):
            assert host.check_output(f"stat --format '%u %g %a' {HOME}") == f"{home['uid']} {home['gid']} 700"
    finally:
        callisto.check_output(f"rm --recursive {HOME}")


def test_it_needs_no_engine(callisto: Host) -> None:
    assert callisto.run("command -v dockerd").rc != 0


def test_the_nodes_know_whose_homes_they_see(hosts: dict[str, Host], callisto: Host) -> None:
    assert callisto.file("/srv/galilean/homes/.galilean-export").content_string == "callisto:/srv/galilean/homes\n"
    look = "python3 -I /usr/local/lib/galilean-homes-guard.py /etc/galilean/homes-guard.json --look"
    assert hosts["io"].run(look).rc == 0
