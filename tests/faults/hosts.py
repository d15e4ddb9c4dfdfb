"""The hosts that runs are ended on: a lab of their own, made again and again, new or as they were kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from client import eventually
from lab import PLAIN, REGISTRY, ROOT, Lab
from points import Point, Task

LAB, PORT = "faults", "8463"
NAMES = ("jupiter", "io", "europa")
SITE = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())
PHASES = [Path(phase["ansible.builtin.import_playbook"]).stem for phase in SITE]
# Hosts are kept as they are after these phases, which take longest.
KEPT = ("engine", "images")
DIRECTORY = ROOT / ".lab" / LAB
WORK = ROOT / ".lab/faults-work"
IMAGES = WORK / "registry.tar"
SECRETS = DIRECTORY / "secrets"
Fingerprint = dict[str, dict[str, str]]


class RunError(Exception):
    """A run that did not end as it should have; the message holds its output."""


class Site:
    """A run of site.yml, in a process of its own."""

    def __init__(self, *options: str, stop_at: int = 0, after: float = 0, fail_at: str = "", fail_on: str = "") -> None:
        self.tasks_log = WORK / f"tasks-{time.monotonic_ns()}"
        self.output = self.tasks_log.with_suffix(".log")
        environment = {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/faults/callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "galilean.hub.phases,stop_at,fail_at",
            "GALILEAN_LAB": LAB,
            "GALILEAN_HTTPS_PORT": PORT,
            "GALILEAN_FAIL_AT": fail_at,
            "GALILEAN_FAIL_ON": fail_on,
            "GALILEAN_STOP_AT": str(stop_at),
            "GALILEAN_STOP_AFTER": str(after),
            "GALILEAN_TASKS": str(self.tasks_log),
        }
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                ["ansible-playbook", "playbooks/site.yml", *options],
                cwd=ROOT,
                env=os.environ | PLAIN | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def tasks(self) -> list[Task]:
        """The tasks that have ended."""
        lines = [line.split("\t") for line in self.tasks_log.read_text().splitlines()]
        return [
            Task(number, phase, float(seconds), changed.split(",") if changed else [], name)
            for number, (phase, seconds, changed, name) in enumerate(lines, start=1)
        ]

    def told(self) -> str:
        return self.output.read_text()

    def finish(self) -> list[Task]:
        """The tasks of a run that ended well. Raises RunError on one that did not."""
        if self.process.wait():
            raise RunError(f"site.yml ended with {self.process.returncode}:\n{self.told()}")
        return self.tasks()

    def stopped(self) -> bool:
        """Wait until the run stops itself, or ends well before that. Raises RunError when it fails."""
        _pid, status = os.waitpid(self.process.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            return True
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.finish()
        return False

    def go_on(self) -> float:
        """Have a run that has stopped itself go on, and give back the seconds until its end. Raises RunError."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGCONT)
        self.finish()
        return time.monotonic() - began

    def kill(self) -> None:
        """End the controller as kill -9 does: what its workers have begun on the hosts goes on."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Hosts:
    """The three hosts and the secrets that go with them."""

    def __init__(self, registry: str | None) -> None:
        self.lab = Lab(LAB)
        self.registry = registry
        self.tasks: list[Task] = []

    def play(self, playbook: str, *options: str) -> None:
        run = self.lab.play(playbook, *options, GALILEAN_HTTPS_PORT=PORT)
        if run.returncode:
            raise RunError(f"{playbook} failed:\n{run.output}")

    def create(self, kept: str | None = None) -> None:
        """New hosts, or the hosts as they were kept after a phase."""
        WORK.mkdir(parents=True, exist_ok=True)
        self.play("tests/lab/destroy.yml")
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        options = []
        if kept:
            shutil.copytree(WORK / kept, DIRECTORY)
            self.in_parallel(lambda host: self.copy_engine(self.engine_volume(host, kept), self.engine_volume(host)))
            options = [
                "--extra-vars",
                json.dumps({"lab_image": f"galilean-faults-{kept}:{{{{ inventory_hostname }}}}"}),
            ]
        self.play("tests/lab/create.yml", *options)

    def keep(self, phase: str) -> None:
        """Keep the hosts as they are now, after a phase, and leave them stopped."""
        self.lab.docker("stop", *self.containers)

        def keep_one(host: str) -> None:
            self.lab.docker("commit", self.lab.container(host), f"galilean-faults-{phase}:{host}")
            self.copy_engine(self.engine_volume(host), self.engine_volume(host, phase))

        self.in_parallel(keep_one)
        shutil.copytree(DIRECTORY, WORK / phase)

    @property
    def containers(self) -> list[str]:
        return [self.lab.container(host) for host in NAMES]

    def in_parallel(self, do: Any, hosts: Sequence[str] = NAMES) -> list[Any]:
        with ThreadPoolExecutor() as pool:
            return list(pool.map(do, hosts))

    def engine_volume(self, host: str, kept: str = "") -> str:
        return "-".join(filter(None, [self.lab.container(host), "docker", kept]))

    def copy_engine(self, source: str, target: str) -> None:
        """Copy what an engine that is stopped keeps. Layers of images, which nobody writes to, are shared."""
        self.lab.docker("volume", "rm", "--force", target)
        self.lab.docker("volume", "create", target)
        form = ["volume", "inspect", "--format", "{{.Mountpoint}}"]
        here, there = (Path(self.lab.docker(*form, volume).strip()) for volume in (source, target))
        for path in here.iterdir():
            how = "-al" if path.name == "overlay2" else "-a"
            subprocess.run(["cp", how, str(path), str(there)], check=True)

    def seed(self) -> None:
        """Put images into the registry, so that they need not be built: those that another had when it was first asked.

        Hosts that are compared so have the same.
        """
        if self.registry:
            try:
                if not IMAGES.exists():
                    Lab(self.registry.removesuffix("-jupiter")).pack_registry(IMAGES)
                self.lab.unpack_registry(IMAGES)
            except subprocess.CalledProcessError as error:
                raise RunError(f"the registry of {self.registry} and its record could not be copied") from error

    def run_to_the_end(self, *options: str) -> float:
        """Run site.yml, and give back the seconds it took. Raises RunError."""
        began = time.monotonic()
        Site(*options).finish()
        return time.monotonic() - began

    def start(self, point: Point, kept: str | None = None) -> Site:
        """A run of site.yml that stops at the point. On hosts that were kept after a phase it begins with the next."""
        done = PHASES[1 : PHASES.index(kept) + 1] if kept else ()
        before = sum(task.phase in done for task in self.tasks)
        options = ["--skip-tags", ",".join(done)] if done else []
        return Site(*options, stop_at=point.task - before, after=point.after)

    def cut_power(self) -> None:
        self.lab.docker("kill", *self.containers)

    def power_up(self) -> None:
        self.lab.docker("start", *self.containers)
        eventually(lambda: all(self.in_parallel(self.is_up)), "the hosts are up")

    def is_up(self, host: str) -> bool:
        return self.lab.run(host, "systemctl", "is-system-running", check=False) in {"running", "degraded"}

    def has_swarm_tasks(self, host: str) -> bool:
        """Whether Swarm has yet to remove the container of a server that was stopped, as it does within seconds."""
        return bool(
            self.lab.run(host, "docker", "ps", "--all", "--quiet", "--filter", "label=com.docker.swarm.task.id")
        )

    def names(self) -> dict[str, str]:
        """Names of what is drawn by chance: of images by their digests, and of the controller's secrets."""
        find = f"cd {REGISTRY}/docker/registry/v2/repositories && grep -r . --include=link */_manifests/tags/*/current"
        names = {}
        for link in self.lab.run("jupiter", "sh", "-c", find).splitlines():
            path, _colon, digest = link.partition(":")
            names[digest] = f"{path.split('/')[0]}:{path.split('/')[3]}"
        for secret in SECRETS.rglob("[!.]*"):
            # No host is told the key of the authority.
            if secret.is_file() and secret.name != "ca-key.pem" and (text := secret.read_text().strip()):
                names[text] = f"secret {secret.relative_to(SECRETS)}"
        return names

    def fingerprint(self, hosts: Sequence[str] = NAMES) -> Fingerprint:
        eventually(lambda: not any(self.in_parallel(self.has_swarm_tasks, hosts)), "Swarm has removed what was stopped")
        script = (ROOT / "tests/faults/fingerprint.py").read_text()
        names = json.dumps(self.names())

        def look(host: str) -> Any:
            return json.loads(self.lab.pipe(host, names, "python3", "-c", script))

        return dict(zip(hosts, self.in_parallel(look, hosts), strict=True))

    def remove(self) -> None:
        """Remove the hosts, and whatever was kept of them."""
        self.play("tests/lab/destroy.yml")
        for kept in KEPT:
            for host in NAMES:
                self.lab.docker("image", "rm", "--force", f"galilean-faults-{kept}:{host}", check=False)
        volumes = self.lab.docker("volume", "ls", "--quiet", "--filter", f"name={LAB}-").split()
        for volume in volumes:
            self.lab.docker("volume", "rm", volume)
        shutil.rmtree(WORK, ignore_errors=True)
        shutil.rmtree(DIRECTORY, ignore_errors=True)


def differences(expected: Fingerprint, found: Fingerprint) -> list[str]:
    return [
        f"{host}: {subject}: {expected[host].get(subject, 'absent')} -> {found[host].get(subject, 'absent')}"
        for host in expected
        for subject in sorted({*expected[host], *found[host]})
        if expected[host].get(subject) != found[host].get(subject)
    ]
