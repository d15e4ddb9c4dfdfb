"""The engine of upstream's repository, on a host of its own that also serves the repository.

Its packages are Debian's engine under upstream's names, so that a real engine runs.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator

import pytest
import testinfra
from client import eventually
from lab import Lab, Run
from testinfra.host import Host

Converge = Callable[..., Run]
NAME = "ganymede"
UPSTREAM, STRANGER = "http://localhost/debian", "http://localhost/stranger"
PLAYBOOK = f"""\
- hosts: {NAME}
  gather_facts: false
  roles: [galilean.hub.cluster, galilean.hub.base, galilean.hub.docker]
"""
# The relations of the packages are those that upstream's have.
SERVE_REPOSITORY = """
set -eu
export DEBIAN_FRONTEND=noninteractive
# A host that is no container lets packages start and stop their services.
rm -f /usr/sbin/policy-rc.d
apt-get -qq update
apt-get -qq install --no-install-recommends apt-utils busybox-static gpg gpg-agent

mkdir /srv/upstream
cd /srv/upstream
apt-get -qq download docker.io docker-cli containerd runc
dpkg-deb -R docker.io_*.deb docker-ce
dpkg-deb -R docker-cli_*.deb docker-ce-cli
dpkg-deb -R containerd_*.deb containerd.io
dpkg-deb -x runc_*.deb containerd.io

dists=dists/trixie index=stable/binary-$(dpkg --print-architecture)
mkdir -p debian/pool "debian/$dists/$index"
repackage() { # PACKAGE RELATION...
    control=$1/DEBIAN/control
    kept=$(grep -E '^(Version|Architecture|Maintainer|Description):' "$control")
    printf '%s\\n' "Package: $@" "$kept" >"$control"
    dpkg-deb -Zzstd -z1 -b "$1" debian/pool
}
repackage docker-ce 'Depends: containerd.io, docker-ce-cli, iptables' 'Conflicts: docker.io'
repackage docker-ce-cli 'Conflicts: docker.io'
own='containerd, runc'
repackage containerd.io 'Depends: libseccomp2' "Provides: $own" "Conflicts: $own" "Replaces: $own"

cd debian
apt-ftparchive packages pool >"$dists/$index/Packages"
apt-ftparchive -o APT::FTPArchive::Release::Codename=trixie release "$dists" >Release
mv Release "$dists"
cd ..
cp -r debian stranger
for signer in debian stranger; do
    gpg --batch --quiet --passphrase '' --quick-gen-key "$signer" default default never
    gpg --quiet --local-user "$signer" --output "$signer/$dists/InRelease" --clearsign "$signer/$dists/Release"
    gpg --armor --export "$signer" >"$signer/gpg"
done
systemd-run --quiet --unit=upstream --working-directory="$PWD" python3 -m http.server --bind localhost 80
"""
# What the role leaves on a host, and the packages of others that it needs.
RESET = """
dpkg --purge docker-ce docker-ce-cli containerd.io docker.io docker-cli containerd runc python3-debian
rm -rf /etc/docker /etc/systemd/system/docker.service.d
rm -f /etc/apt/sources.list.d/docker.sources /etc/apt/keyrings/docker.asc /var/lib/apt/lists/localhost_*
"""
IMPORT_IMAGE = """
cd "$(mktemp -d)"
mkdir bin
cp /bin/busybox bin
for applet in cat echo sh sleep; do ln -s busybox bin/$applet; done
tar -c bin | docker import - probe
"""
STARTED = "docker inspect --format '{{.State.StartedAt}}' student"
STATE = "{ dpkg-query --show; find /etc -type f -exec sha256sum {} +; } | sort"
ENGINE = {"debian": "docker.io", "upstream": "docker-ce"}


@pytest.fixture(scope="module")
def inventory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One more host of the lab, on which the role is told to take upstream's engine."""
    subnet = lab.docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", lab.name).strip()
    host = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": lab.container(NAME),
        "lab_name": lab.name,
        "lab_image": "galilean-host:trixie",
        "lab_address": str(ipaddress.ip_network(subnet)[15]),
        "lab_published_ports": [],
        "cluster_hub_host": NAME,
        "cluster_public_url": f"https://{NAME}",
        "docker_source": "upstream",
        "docker_upstream_repository": UPSTREAM,
        "docker_upstream_key": f"{UPSTREAM}/gpg",
    }
    path = tmp_path_factory.mktemp("inventory") / "hosts.json"
    path.write_text(json.dumps({"all": {"hosts": {NAME: host}}}))
    return str(path)


@pytest.fixture(scope="module")
def host(lab: Lab, inventory: str) -> Iterator[Host]:
    """The host, which serves upstream's repository, and the same packages in one that a stranger has signed."""

    def play(playbook: str) -> None:
        run = lab.play(playbook, "--inventory", inventory)
        assert run.returncode == 0, run.output

    play("tests/lab/destroy.yml")
    play("tests/lab/create.yml")
    host = testinfra.get_host(f"docker://{lab.container(NAME)}")
    host.check_output(SERVE_REPOSITORY)
    eventually(lambda: host.run(f"curl --fail {UPSTREAM}/gpg").succeeded, "the repository is served")
    yield host
    play("tests/lab/destroy.yml")


@pytest.fixture
def bare(host: Host) -> Host:
    """The host without an engine, and without what the role has left."""
    host.check_output(RESET)
    return host


@pytest.fixture(scope="module")
def converge(lab: Lab, inventory: str, tmp_path_factory: pytest.TempPathFactory) -> Converge:
    """Run the roles on the host, with variables of its own."""
    playbook = tmp_path_factory.mktemp("playbook") / "engine.yml"
    playbook.write_text(PLAYBOOK)

    def run(*options: str, **variables: str) -> Run:
        return lab.play(str(playbook), "--inventory", inventory, "--extra-vars", json.dumps(variables), *options)

    return run


@pytest.fixture
def upstream(host: Host, converge: Converge) -> Host:
    """The host with upstream's engine."""
    run = converge()
    assert run.returncode == 0, run.output
    return host


def words(run: Run) -> str:
    """The output, however its lines are broken."""
    return " ".join(run.output.split())


def owner_of_the_engine(host: Host) -> str:
    """The package whose program runs as the engine."""
    program = host.check_output("readlink /proc/$(systemctl show -P MainPID docker)/exe")
    return host.check_output(f"dpkg --search {program}").partition(":")[0]


def test_a_bare_host_can_be_looked_at(bare: Host, converge: Converge) -> None:
    before = bare.check_output(STATE)
    run = converge("--check", "--diff")
    assert run.returncode == 0, run.output
    assert "/etc/docker/daemon.json" in run.output
    assert bare.check_output(STATE) == before


def test_a_repository_that_a_stranger_has_signed_is_refused(bare: Host, converge: Converge) -> None:
    refused = converge(docker_upstream_repository=STRANGER)
    assert refused.returncode != 0
    assert f"The repository '{STRANGER} trixie InRelease' is not signed" in words(refused)
    assert not bare.package("docker-ce").is_installed
    mended = converge()
    assert mended.returncode == 0, mended.output
    assert bare.package("docker-ce").is_installed


def test_upstreams_engine_runs_containers_and_a_second_run_changes_nothing(upstream: Host, converge: Converge) -> None:
    assert f"{UPSTREAM} trixie/stable" in upstream.check_output("apt-cache policy docker-ce")
    assert owner_of_the_engine(upstream) == "docker-ce"
    upstream.check_output(IMPORT_IMAGE)
    assert upstream.check_output("docker run --rm probe echo hello") == "hello"
    for options in ((), ("--check", "--diff")):
        run = converge(*options)
        assert run.returncode == 0, run.output
        assert run.changed == {NAME: 0}, run.output


def test_a_run_that_died_before_the_installation_is_made_up_for(upstream: Host, converge: Converge) -> None:
    # What it leaves: the repository's file, and package lists that are fresh and do not know it.
    upstream.check_output("dpkg --purge docker-ce docker-ce-cli containerd.io")
    upstream.check_output("rm /var/lib/apt/lists/localhost_*")
    assert upstream.file("/etc/apt/sources.list.d/docker.sources").exists
    for options in (("--check", "--diff"), ()):
        run = converge(*options)
        assert run.returncode == 0, run.output
    assert owner_of_the_engine(upstream) == "docker-ce"


@pytest.mark.parametrize(("there", "wanted"), [("distribution", "upstream"), ("upstream", "distribution")])
def test_an_engine_is_replaced_by_hand_and_its_containers_stay(
    bare: Host, converge: Converge, there: str, wanted: str
) -> None:
    run = converge(docker_source=there)
    assert run.returncode == 0, run.output
    bare.check_output(IMPORT_IMAGE)
    bare.check_output("docker run --detach --name student probe sh -c 'echo mine >/work; exec sleep infinity'")
    before, started = bare.check_output(STATE), bare.check_output(STARTED)

    refused = converge(docker_source=wanted)
    assert refused.returncode != 0
    remove = re.search(r"apt-get remove( (docker|containerd)[a-z.-]*)+", words(refused))
    assert remove, refused.output
    assert (bare.check_output(STATE), bare.check_output(STARTED)) == (before, started)

    bare.check_output(f"{remove[0]} --yes")
    run = converge(docker_source=wanted)
    assert run.returncode == 0, run.output
    assert owner_of_the_engine(bare) == ENGINE[wanted]
    bare.check_output("docker start student")
    assert bare.check_output("docker exec student cat /work") == "mine"
