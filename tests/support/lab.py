"""The hosts of the lab, and the plays that are run against them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client import eventually

ROOT = Path(__file__).resolve().parents[2]
# That of `make bootstrap`, which has asked the same index.
PIP = ROOT / ".cache/uv/bin/pip"
NODES = ("io", "europa")
HOSTS = ("jupiter", *NODES)
REGISTRY = Path("/var/lib/galilean/registry")
# What the builder has written down of the images there, without which it builds them anew.
RECORD = REGISTRY.with_name("images.json")
# An image made of the host's own programs, so that nothing has to be fetched.
IMPORT_PROBE = """
docker image inspect probe >/dev/null 2>&1 && exit
cd /
tar -c --exclude '*docker*' bin lib lib64 usr/bin usr/lib64 usr/lib/python3* usr/lib/x86_64-linux-gnu |
docker import --change 'CMD ["sleep", "infinity"]' - probe
"""
# Molecule has its verifiers' Ansible write in colours.
PLAIN = {"ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}


def seconds_by_phase(times: Path) -> dict[str, int]:
    """What tests/tools/timed has written down in a file, the longest of each phase; nothing where there is none."""
    longest: dict[str, int] = {}
    for line in times.read_text().splitlines() if times.exists() else []:
        seconds, phase = line.split(" s  ", 1)
        longest[phase] = max(int(seconds), longest.get(phase, 0))
    return longest


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook: its exit code, its output, and the counters of its recap by host."""

    returncode: int
    output: str
    recap: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def changed(self) -> dict[str, int]:
        return {host: counters["changed"] for host, counters in self.recap.items()}


class Lab:
    """Containers that stand for hosts, by the name of the lab they belong to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def container(self, host: str) -> str:
        return f"{self.name}-{host}"

    def docker(self, *arguments: str, check: bool = True) -> str:
        return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True, timeout=300).stdout

    def on(self, host: str, *command: str) -> list[str]:
        """The command of this machine that runs `command` on `host` as root."""
        return ["docker", "exec", "-i", self.container(host), *command]

    def run(self, host: str, *command: str, check: bool = True) -> str:
        """What `command` prints on `host`."""
        return self.pipe(host, "", *command, check=check)

    def pipe(self, host: str, text: str, *command: str, check: bool = True) -> str:
        """What `command` prints on `host` when it reads the text.

        Raises CalledProcessError where it fails, with a note of what it complained of.
        """
        done = subprocess.run(
            self.on(host, *command), check=False, capture_output=True, text=True, input=text, timeout=600
        )
        if check and done.returncode:
            error = subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            error.add_note(done.stderr)
            raise error
        return done.stdout.strip()

    def play(self, playbook: str, *options: str, seconds: float = 1500, **environment: str) -> Run:
        """Run a playbook of the collection against the lab."""
        environment = os.environ | {"GALILEAN_LAB": self.name} | PLAIN | environment
        done = subprocess.run(
            ["ansible-playbook", playbook, *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Run(done.returncode, done.stdout, _recap(done.stdout))

    def create(self, inventory: Path) -> None:
        """Start the hosts of an inventory, bare ones where they are not there."""
        run = self.play("tests/lab/create.yml", "--inventory", str(inventory))
        assert run.returncode == 0, run.output

    def remove(self, *hosts: str) -> None:
        """Hosts, whether they are there or not, with all that was theirs alone."""
        containers = [self.container(host) for host in hosts]
        self.docker("rm", "--force", "--volumes", *containers, check=False)
        self.docker("volume", "rm", "--force", *(f"{container}-docker" for container in containers), check=False)

    def pack_registry(self, archive: Path) -> None:
        """Write the hub's registry and its record to an archive. Raises CalledProcessError."""
        # `docker cp` would keep everybody else from the container while it reads.
        pack = self.on("jupiter", "tar", "-c", "-C", str(REGISTRY.parent), REGISTRY.name, RECORD.name)
        archive.parent.mkdir(parents=True, exist_ok=True)
        with archive.open("wb") as file:
            subprocess.run(pack, stdin=subprocess.DEVNULL, stdout=file, check=True)

    def unpack_registry(self, archive: Path) -> None:
        """Give a hub without a registry that of an archive, and its record. Raises CalledProcessError."""
        self.run("jupiter", "mkdir", "-p", str(REGISTRY.parent))
        with archive.open("rb") as file:
            subprocess.run(self.on("jupiter", "tar", "-x", "-C", str(REGISTRY.parent)), stdin=file, check=True)

    def have_pip_ask_whom_this_machine_asks(self, host: str) -> None:
        """Its index, and the authorities it trusts. What else this machine's pip goes by are files of its own."""
        trusted = Path("/etc/ssl/certs/ca-certificates.crt").read_text()
        self.pipe(host, trusted, "tee", "/usr/local/share/ca-certificates/machine.crt")
        self.run(host, "update-ca-certificates")
        settings = subprocess.check_output([PIP, "config", "list"], text=True)
        if index := re.search(r"\.index-url='(.+)'", settings):
            self.pipe(host, f"[global]\nindex-url = {index[1]}\n", "tee", "/etc/pip.conf")

    def module(self, host: str, name: str, arguments: dict[str, Any], *options: str) -> dict[str, Any]:
        """The result of a module of the collection, and what it warns of."""
        return self._ad_hoc(host, f"galilean.hub.{name}", arguments, *options)

    def evaluated(self, template: str) -> Any:
        """What a template says in a play of the collection on the hub's host."""
        derived = ["--extra-vars", f"@{ROOT / 'playbooks/vars/cluster.yml'}"]
        return self._ad_hoc("jupiter", "ansible.builtin.debug", {"msg": template}, *derived)["msg"]

    def _ad_hoc(self, host: str, module: str, arguments: dict[str, Any], *options: str) -> dict[str, Any]:
        with_arguments = ["--args", json.dumps(arguments)] if arguments else []
        done = subprocess.run(
            ["ansible", host, "--module-name", module, *with_arguments, *options],
            cwd=ROOT,
            env={**os.environ, "GALILEAN_LAB": self.name, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", **PLAIN},
            check=False,
            capture_output=True,
            text=True,
        )
        _header, found, result = done.stdout.partition(" => ")
        assert found, done.stdout + done.stderr
        return {**json.loads(result), "messages": done.stderr}

    def pause(self, *hosts: str) -> None:
        """New servers land on none of `hosts`."""
        self._availability("pause", hosts)

    def activate(self, *hosts: str) -> None:
        self._availability("active", hosts)

    def _availability(self, availability: str, hosts: Sequence[str]) -> None:
        for host in hosts:
            self.run("jupiter", "docker", "node", "update", "--availability", availability, host)

    def node_spec(self, host: str) -> dict[str, Any]:
        """What is wanted of a node of the Swarm: its availability, role and labels."""
        (node,) = json.loads(self.run("jupiter", "docker", "node", "inspect", host))
        spec: dict[str, Any] = node["Spec"]
        return spec

    def ready_nodes(self) -> set[str]:
        """Host names of the nodes that are ready, none while the engine of the hub's host does not answer."""
        lines = self.run("jupiter", "docker", "node", "ls", "--format", "{{json .}}", check=False).splitlines()
        return {node["Hostname"] for node in map(json.loads, lines) if node["Status"] == "Ready"}


class Machines(Lab):
    """Machines with kernels of their own, each run by the container of its name."""

    def on(self, host: str, *command: str) -> list[str]:
        directory = ROOT / ".lab" / self.name
        return [
            "ssh", "-q", "-i", str(directory / "ssh_key"), "-o", f"UserKnownHostsFile={directory / 'known_hosts'}",
            "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", f"debian@{self.address(host)}",
            "sudo", "-n", shlex.join(command),
        ]  # fmt: skip

    def address(self, host: str) -> str:
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.docker("inspect", "--format", template, self.container(host)).strip()

    def reboot(self, host: str) -> None:
        """Reboot, and come back when SSH does."""
        before = self.boot(host)
        self.run(host, "systemctl", "reboot", check=False)
        eventually(lambda: self.boot(host) not in ("", before), f"{host} has rebooted")

    def boot(self, host: str) -> str:
        """What tells one boot of the host from another, empty while it cannot be reached."""
        return self.run(host, "cat", "/proc/sys/kernel/random/boot_id", check=False)

    def power_off(self, host: str) -> None:
        self.docker("kill", self.container(host))

    def power_on(self, host: str) -> None:
        self.docker("start", self.container(host))

    def disconnect(self, host: str) -> None:
        self._link(host, "down")

    def connect(self, host: str) -> None:
        self._link(host, "up")

    def _link(self, host: str, state: str) -> None:
        self.docker("exec", self.container(host), "ip", "link", "set", "eth0", state)


def _recap(output: str) -> dict[str, dict[str, int]]:
    recap = output.rpartition("PLAY RECAP")[2]
    return {
        host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counters)}
        for host, counters in re.findall(r"^(\S+)\s*: (ok=.*)$", recap, re.MULTILINE)
    }
