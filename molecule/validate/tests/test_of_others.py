"""A host on which others have set up what a cluster needs: they are asked first, and find theirs again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import testinfra
import yaml
from lab import IMPORT_PROBE, Lab, Run
from testinfra.host import Host

pytestmark = pytest.mark.seldom

NAME = "himalia"
DAEMON_JSON = "/etc/docker/daemon.json"
# The engine's directory stays on the volume of the host: it cannot be on the file system of a container.
OF_THE_SITE = {
    "data-root": "/var/lib/docker/of-the-site",
    "default-address-pools": [{"base": "10.200.0.0/16", "size": 24}],
    "log-driver": "json-file",
}
PACKAGES = "docker.io docker-cli iptables nginx chrony ufw"
SETUP = f"""
set -e
mkdir --parents /etc/docker
printf %s '{json.dumps(OF_THE_SITE)}' >{DAEMON_JSON}
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends {PACKAGES}
systemctl start docker chrony
echo '# Of the site.' >>/etc/nginx/sites-available/default
ufw --force enable
"""
FINDINGS = (
    f"{DAEMON_JSON}: it is not ours; data-root, default-address-pools would stay; log-driver would give way to ours",
    "Docker engine: containers that are not ours would stop while it is restarted: web",
    "/etc/nginx/sites-enabled/default: it is not as nginx brings it, and would be removed",
    "base_time_service: chrony sets the clock of this host",
    "jupyterhub_proxy_port: the container web listens on port 8000 (tcp), which is for configurable-http-proxy",
    "ufw: it is at work",
)


@dataclass(frozen=True)
class Site:
    """The host, and an inventory in which it is the hub's."""

    lab: Lab
    host: Host
    inventory: Path

    def play(self, *playbooks: str, **variables: object) -> Run:
        paths = [f"playbooks/{playbook}.yml" for playbook in playbooks]
        return self.lab.play(*paths, "--inventory", str(self.inventory), "--extra-vars", json.dumps(variables))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Iterator[Site]:
    network = lab.docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", lab.name).strip()
    subnet = network.rpartition(".")[0]
    variables = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": lab.container(NAME),
        "ansible_become": False,
        "lab_name": lab.name,
        "lab_image": "galilean-host:trixie",
        "lab_subnet": subnet,
        "lab_address": f"{subnet}.21",
        "lab_published_ports": [],
        "cluster_public_url": "https://localhost:8455",
        "cluster_homes_provider": "site",
        "jupyterhub_authenticator": "native",
        "jupyterhub_admin_users": ["galileo"],
        "jupyterhub_memory_guarantee": "0",
    }
    path = tmp_path_factory.mktemp("site") / "hosts.yml"
    path.write_text(yaml.safe_dump({"hub": {"hosts": {NAME: variables}}}))
    run = lab.play("tests/lab/create.yml", "--inventory", str(path))
    assert run.returncode == 0, run.output
    host = testinfra.get_host(f"docker://{lab.container(NAME)}")
    host.check_output(SETUP)
    host.check_output(IMPORT_PROBE)
    host.check_output("docker run --detach --restart no --name web --publish 8000:8000 probe")
    yield Site(lab, host, path)
    # It shares network and homes with the lab, which are not to go with it.
    lab.docker("rm", "--force", "--volumes", lab.container(NAME))
    lab.docker("volume", "rm", f"{lab.container(NAME)}-docker")


def test_what_is_there_is_refused_by_name_and_taken_over_where_that_is_allowed(site: Site) -> None:
    refused = site.play("site")
    assert refused.returncode
    told = " ".join(refused.output.split())
    assert [finding for finding in FINDINGS if finding not in told] == [], refused.output
    assert f"Findings: {len(FINDINGS)}" in told
    assert refused.changed == {NAME: 0}

    # What listens on a port can be taken over by nobody.
    assert "Findings: 1" in site.play("validate", cluster_adopt_hosts=True).output
    elsewhere = {"jupyterhub_proxy_port": 8001}
    taken = site.play("hosts", "engine", "edge", cluster_adopt_hosts=True, **elsewhere)
    assert taken.returncode == 0, taken.output

    host = site.host
    assert json.loads(host.file(f"{DAEMON_JSON}.before-galilean").content) == OF_THE_SITE
    assert json.loads(host.file(DAEMON_JSON).content).items() >= {**OF_THE_SITE, "log-driver": "local"}.items()
    assert host.check_output("docker info --format {{.DockerRootDir}}") == OF_THE_SITE["data-root"]
    assert host.check_output("docker ps --all --format {{.Names}}") == "web"
    assert not host.file("/etc/nginx/sites-enabled/default").exists
    assert "# Of the site." in host.file("/etc/nginx/default.before-galilean").content_string
    assert host.check_output("ufw status") == "Status: inactive"
    assert host.service("systemd-timesyncd").is_enabled
    assert not host.package("chrony").is_installed or not host.service("chrony").is_running

    # From now on it is ours, and nothing of it is taken for theirs.
    again = site.play("validate", **elsewhere)
    assert (again.returncode, again.changed) == (0, {NAME: 0}), again.output
    once_more = site.play("hosts", "engine", "edge", **elsewhere)
    assert (once_more.returncode, once_more.changed) == (0, {NAME: 0}), once_more.output
