"""A run disturbs nobody."""

from __future__ import annotations

import json
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from authority import Authority
from client import Hub, eventually
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import HOSTS, ROOT, Lab


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["run", "check"])
def test_a_second_run_changes_nothing_while_a_kernel_works(lab: Lab, hub: Hub, options: tuple[str, ...]) -> None:
    with hub.student("rerun") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the run'")
        run = lab.play("playbooks/site.yml", *options)
        assert run.returncode == 0, run.output
        assert run.changed == dict.fromkeys(HOSTS, 0), run.output
        assert kernel.run("print(kept)") == "set before the run"
    # Runs of other controllers may begin.
    assert "lease.json" not in lab.run("jupiter", "ls", "/var/lib/galilean")


@pytest.mark.seldom
def test_homes_do_not_move_while_a_student_is_at_work(lab: Lab, hub: Hub) -> None:
    elsewhere = ("--extra-vars", "cluster_homes_directory=/srv/galilean/homes/elsewhere")
    with hub.student("settler") as student:
        student.start()
        refused = lab.play("playbooks/site.yml", *elsewhere)
        assert refused.returncode != 0
        words = " ".join(refused.output.split())
        assert "cluster_homes_directory: expected jupiter:/srv/galilean/homes while students' servers run" in words
        assert set(refused.changed.values()) == {0}, refused.output
        assert student.run("print('at work')") == "at work"
    eventually(lambda: lab.play("playbooks/validate.yml", *elsewhere).returncode == 0, "homes may move")


@pytest.mark.seldom
def test_check_mode_foresees_what_a_change_would_restart(lab: Lab) -> None:
    change = ["--tags", "hub", "--extra-vars", "jupyterhub_idle_timeout_seconds=4321"]
    run = lab.play("playbooks/site.yml", "--check", "--diff", *change)
    assert run.returncode == 0, run.output
    assert "+/etc/galilean/instances/main/hub.json: as this run would write it" in run.output
    assert lab.play("playbooks/site.yml", "--tags", "hub").changed == dict.fromkeys(HOSTS, 0)


@pytest.mark.seldom
def test_a_certificate_of_the_site_is_served_until_it_is_taken_away(lab: Lab, hub: Hub, tmp_path: Path) -> None:
    def served() -> str:
        context = ssl.create_default_context(cafile=hub.ca)
        address = (urlsplit(hub.url).hostname, urlsplit(hub.url).port)
        with socket.create_connection(address, 10) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
            return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True) or b"")

    certificate, key = Authority.of(lab).issue("localhost", ExtendedKeyUsageOID.SERVER_AUTH)
    (tmp_path / "hub.pem").write_text(certificate)
    (tmp_path / "hub-key.pem").write_text(key)
    given = {"proxy_certificate": str(tmp_path / "hub.pem"), "proxy_private_key": str(tmp_path / "hub-key.pem")}
    before = served()
    for options, expected in ((["--extra-vars", json.dumps(given)], certificate), ([], before)):
        for changed in (True, False):
            run = lab.play("playbooks/site.yml", "--tags", "edge", *options)
            assert run.returncode == 0, run.output
            assert any(run.changed.values()) == changed, run.output
            assert served() == expected


@pytest.mark.seldom
def test_a_phase_can_be_run_alone_by_its_tag(lab: Lab) -> None:
    run = lab.play("playbooks/site.yml", "--tags", "edge")
    assert run.returncode == 0, run.output
    assert run.changed == dict.fromkeys(HOSTS, 0), run.output


@pytest.mark.seldom
def test_the_order_of_the_inventory_does_not_matter(lab: Lab, tmp_path: Path) -> None:
    inventory = yaml.safe_load((ROOT / "inventories/lab/hosts.yml").read_text())
    inventory["nodes"]["hosts"] = dict(reversed(inventory["nodes"]["hosts"].items()))
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    (tmp_path / "group_vars").symlink_to(ROOT / "inventories/lab/group_vars")
    directory = f"lab_directory={ROOT / '.lab' / lab.name}"
    run = lab.play("playbooks/site.yml", "--inventory", str(tmp_path), "--tags", "hosts", "--extra-vars", directory)
    assert run.returncode == 0, run.output
    assert run.changed == dict.fromkeys(HOSTS, 0), run.output


def test_a_changed_hub_setting_restarts_the_hub_and_keeps_kernels(lab: Lab, hub: Hub) -> None:
    def started() -> str:
        return lab.run("jupiter", "docker", "inspect", "--format", "{{.State.StartedAt}}", "galilean-hub-main")

    with hub.student("setting") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the restart'")
        before = started()
        run = lab.play("playbooks/hub.yml", "--extra-vars", "jupyterhub_idle_timeout_seconds=4000")
        assert run.returncode == 0, run.output
        assert run.changed["jupiter"] > 0
        assert started() != before
        eventually(hub.healthy, "the hub answers")
        assert kernel.run("print(kept)") == "set before the restart"
        assert student.ready()
        back = lab.play("playbooks/hub.yml")
        assert back.returncode == 0, back.output
        assert kernel.run("print(kept)") == "set before the restart"


@pytest.mark.seldom
def test_a_node_that_joins_later_touches_nothing_else(placement: Lab, hub: Hub) -> None:
    with hub.student("settled") as settled, hub.student("newcomer") as newcomer:
        placement.pause("europa")
        settled.start()
        kernel = settled.kernel()
        kernel.run("kept = 'set before the node joined'")
        placement.run("europa", "docker", "swarm", "leave")
        eventually(lambda: placement.ready_nodes() == {"jupiter", "io"}, "the node has left")
        placement.run("jupiter", "docker", "node", "rm", "europa")
        run = placement.play("playbooks/site.yml")
        assert run.returncode == 0, run.output
        assert run.changed["europa"] > 0
        assert {run.changed["jupiter"], run.changed["io"]} == {0}, run.output
        placement.pause("io")
        newcomer.start()
        assert newcomer.run("import os; print(os.environ['GALILEAN_NODE'])") == "europa"
        assert kernel.run("print(kept)") == "set before the node joined"
