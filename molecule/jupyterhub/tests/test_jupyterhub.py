"""How hub and proxy are kept, and what they may do on their host."""

from __future__ import annotations

import json

import pytest
from client import eventually
from lab import Lab
from testinfra.host import Host

STARTED = "docker inspect --format '{{.State.StartedAt}}' galilean-"


@pytest.fixture
def jupiter(hosts: dict[str, Host]) -> Host:
    return hosts["jupiter"]


def status(jupiter: Host, path: str) -> str:
    """The status of an answer of the hub's, through its proxy."""
    address = jupiter.check_output("docker port galilean-proxy-main 8000")
    fetch = f"import http.client as h; c = h.HTTPConnection({address!r}, timeout=5); c.request('GET', {path!r})"
    return jupiter.run(f'python3 -c "{fetch}; print(c.getresponse().status)"').stdout.strip()


def test_the_hub_answers_through_its_proxy(jupiter: Host) -> None:
    assert status(jupiter, "/hub/health") == "200"


def test_the_api_wants_a_token(jupiter: Host) -> None:
    assert status(jupiter, "/hub/api/users") == "403"


@pytest.mark.parametrize("name", ["galilean-hub-main", "galilean-proxy-main"])
def test_containers_are_read_only_unprivileged_and_without_the_engine(jupiter: Host, name: str) -> None:
    (container,) = json.loads(jupiter.check_output(f"docker inspect {name}"))
    assert container["Config"]["User"] == "860:860"
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert container["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in container["HostConfig"]["SecurityOpt"]
    assert not [mount for mount in container["Mounts"] if "docker" in mount["Source"]]


def test_secrets_are_for_the_hub_alone(jupiter: Host) -> None:
    for path in ("secrets.json", "hub-client-key.pem"):
        assert jupiter.file(f"/etc/galilean/instances/main/{path}").mode & 0o077 == 0
    with pytest.raises(AssertionError):
        jupiter.check_output("runuser -u nobody -- cat /etc/galilean/instances/main/hub.json")


def test_a_restart_of_the_hub_leaves_the_proxy_alone(jupiter: Host) -> None:
    hub, proxy = (jupiter.check_output(STARTED + name) for name in ("hub-main", "proxy-main"))
    jupiter.check_output("systemctl restart galilean-hub@main")
    eventually(lambda: status(jupiter, "/hub/health") == "200", "the hub answers")
    assert jupiter.check_output(STARTED + "hub-main") != hub
    assert jupiter.check_output(STARTED + "proxy-main") == proxy


def test_a_configuration_with_which_no_hub_starts_leaves_the_hub_that_runs(lab: Lab, jupiter: Host) -> None:
    as_it_was = jupiter.check_output(f"{STARTED}hub-main && sha256sum /etc/galilean/instances/main/*")
    misspelt = {"jupyterhub_authenticator_options": {"usr_password": "of-everybody"}}
    run = lab.play("playbooks/hub.yml", "--extra-vars", json.dumps(misspelt))
    assert run.returncode != 0
    assert "dummy has no option 'usr_password'; did you mean 'user_password'?" in " ".join(run.output.split())
    assert jupiter.check_output(f"{STARTED}hub-main && sha256sum /etc/galilean/instances/main/*") == as_it_was
    assert status(jupiter, "/hub/health") == "200"
