"""A host on which others have set up what a cluster needs: they are asked first, and find theirs again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import testinfra
import yaml
from lab import IMPORT_PROBE, Lab, Run
from testinfra.host import Host

pytestmark = pytest.mark.seldom

DAEMON_JSON = "/etc/docker/daemon.json"
# The engine's directory stays on the volume of the host: it cannot be on the file system of a container.
OF_THE_SITE = {
    "data-root": "/var/lib/docker/of-the-site",
    "default-address-pools": [{"base": "10.200.0.0/16", "size": 24}],
    "log-driver": "json-file",
}
INSTALL = """
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends"""
SETUP = f"""
set -e
mkdir --parents /etc/docker
printf %s '{json.dumps(OF_THE_SITE)}' >{DAEMON_JSON}
{INSTALL} docker.io docker-cli iptables nginx chrony ufw
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
EXPORTS = "/data 192.0.2.0/24(rw)\n"
# A site may have masked what older versions of NFS need, as the cluster does.
FILE_SERVER = f"""
set -e
{INSTALL} firewalld
systemctl start firewalld
systemctl mask rpcbind.service
printf '{EXPORTS}' >/etc/exports
echo '/dev/vdz /srv/galilean/homes ext4 noauto 0 0' >>/etc/fstab
"""
OF_A_FILE_SERVER = (
    "firewalld: it is at work",
    "NFS: /data would be served over NFS 4.2 alone, and to hosts of the cluster alone",
    "/etc/fstab: /dev/vdz is mounted at /srv/galilean/homes, where a mount of ours belongs",
)


@dataclass(frozen=True)
class Site:
    """A host, and an inventory in which it is the hub's."""

    lab: Lab
    name: str
    host: Host
    inventory: Path

    def play(self, *playbooks: str, **variables: object) -> Run:
        paths = [f"playbooks/{playbook}.yml" for playbook in playbooks]
        return self.lab.play(*paths, "--inventory", str(self.inventory), "--extra-vars", json.dumps(variables))


@contextmanager
def site_on(lab: Lab, directory: Path, name: str, number: int) -> Iterator[Site]:
    network = lab.docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", lab.name).strip()
    subnet = network.rpartition(".")[0]
    variables = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": lab.container(name),
        "ansible_become": False,
        "lab_name": lab.name,
        "lab_image": "galilean-host:trixie",
        "lab_subnet": subnet,
        "lab_address": f"{subnet}.{number}",
        "lab_published_ports": [],
        "cluster_public_url": "https://localhost:8455",
        "cluster_homes_provider": "site",
        "jupyterhub_authenticator": "native",
        "jupyterhub_admin_users": ["galileo"],
        "jupyterhub_memory_guarantee": "0",
        "jupyterhub_cpu_limit": 1,
    }
    path = directory / "hosts.yml"
    path.write_text(yaml.safe_dump({"hub": {"hosts": {name: variables}}}))
    run = lab.play("tests/lab/create.yml", "--inventory", str(path))
    assert run.returncode == 0, run.output
    try:
        yield Site(lab, name, testinfra.get_host(f"docker://{lab.container(name)}"), path)
    finally:
        # It shares network and homes with the lab, which are not to go with it.
        lab.docker("rm", "--force", "--volumes", lab.container(name))
        lab.docker("volume", "rm", f"{lab.container(name)}-docker")


@pytest.fixture
def site(tmp_path: Path, lab: Lab) -> Iterator[Site]:
    with site_on(lab, tmp_path, "himalia", 21) as site:
        site.host.check_output(SETUP)
        site.host.check_output(IMPORT_PROBE)
        site.host.check_output("docker run --detach --restart no --name web --publish 8000:8000 probe")
        yield site


@pytest.fixture
def file_server(tmp_path: Path, lab: Lab) -> Iterator[Site]:
    with site_on(lab, tmp_path, "elara", 22) as site:
        site.host.check_output(FILE_SERVER)
        yield site


def assert_refused(run: Run, name: str, *expected: str) -> None:
    assert run.returncode
    told = " ".join(run.output.split())
    assert [finding for finding in expected if finding not in told] == [], run.output
    assert f"Findings: {len(expected)}" in told, run.output
    assert run.changed == {name: 0}


def test_what_is_there_is_refused_by_name_and_taken_over_where_that_is_allowed(site: Site) -> None:
    assert_refused(site.play("site"), site.name, *FINDINGS)

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
    assert (again.returncode, again.changed) == (0, {site.name: 0}), again.output
    once_more = site.play("hosts", "engine", "edge", **elsewhere)
    assert (once_more.returncode, once_more.changed) == (0, {site.name: 0}), once_more.output


def test_a_file_server_with_a_firewall_is_refused_by_name_and_finds_both_again(file_server: Site) -> None:
    nfs = {"cluster_homes_provider": "nfs"}
    assert_refused(file_server.play("site", **nfs), file_server.name, *OF_A_FILE_SERVER)
    # What is mounted in the way can be taken over by nobody.
    assert_refused(file_server.play("site", cluster_adopt_hosts=True, **nfs), file_server.name, OF_A_FILE_SERVER[-1])

    host = file_server.host
    host.check_output("sed --in-place '/vdz/d' /etc/fstab")
    taken = file_server.play("validate", "hosts", cluster_adopt_hosts=True, **nfs)
    assert taken.returncode == 0, taken.output
    assert not host.service("firewalld").is_running
    assert host.check_output("nft list table inet galilean")
    assert host.file("/etc/firewalld/firewalld.conf").exists
    assert host.file("/etc/exports").content_string == EXPORTS
