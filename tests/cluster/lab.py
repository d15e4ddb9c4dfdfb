"""The hosts of the lab, and the plays that are run against them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Molecule has its verifiers' Ansible write in colours.
PLAIN = {"ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}


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

    def run(self, host: str, *command: str, check: bool = True) -> str:
        """What `command` prints on `host`, run as root."""
        return self.docker("exec", self.container(host), *command, check=check).strip()

    def pipe(self, host: str, text: str, *command: str) -> str:
        """What `command` prints on `host` when it reads the text."""
        whole = ["docker", "exec", "-i", self.container(host), *command]
        return subprocess.run(whole, check=True, capture_output=True, text=True, input=text, timeout=600).stdout.strip()

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

    def pause(self, *hosts: str) -> None:
        """New servers land on none of `hosts`."""
        self._availability("pause", hosts)

    def activate(self, *hosts: str) -> None:
        self._availability("active", hosts)

    def _availability(self, availability: str, hosts: Sequence[str]) -> None:
        for host in hosts:
            self.run("jupiter", "docker", "node", "update", "--availability", availability, host)

    def ready_nodes(self) -> set[str]:
        lines = self.run("jupiter", "docker", "node", "ls", "--format", "{{json .}}").splitlines()
        return {node["Hostname"] for node in map(json.loads, lines) if node["Status"] == "Ready"}


def _recap(output: str) -> dict[str, dict[str, int]]:
    recap = output.rpartition("PLAY RECAP")[2]
    return {
        host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counters)}
        for host, counters in re.findall(r"^(\S+)\s*: (ok=.*)$", recap, re.MULTILINE)
    }
