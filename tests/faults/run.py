"""Kill site.yml at its tasks, run it again, and compare what it made with what an uninterrupted run makes.

A point is a task of site.yml before which something was changed since the last point, or the middle of a task that
takes longer than a second: between two points every moment finds the hosts in the same state. At each point the
controller is killed with -9 (`controller`), or all hosts are killed at the same moment as the controller (`power`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cluster"))

from client import eventually
from lab import PLAIN, Lab

LAB, PORT = "faults", "8463"
HOSTS = ("jupiter", "io", "europa")
DIRECTORY = ROOT / ".lab" / LAB
WORK = ROOT / ".lab/faults-work"
REGISTRY = "/var/lib/galilean/registry"
TAG_LINKS = f"{REGISTRY}/docker/registry/v2/repositories"
# With these phases the hosts are prepared: packages, engine, certificates.
PREPARED = "validate,hosts,engine"
Fingerprint = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Task:
    """A task of a run: its number from 1, seconds, results that were changes, and name."""

    number: int
    seconds: float
    changed: int
    name: str


@dataclass(frozen=True)
class Point:
    """A moment to end a run at: seconds into a task, counted from 1."""

    task: int
    after: float
    name: str

    def __str__(self) -> str:
        return f"task {self.task} ({self.name})" + (f" + {self.after:.1f} s" if self.after else "")


def points_of(tasks: Sequence[Task]) -> Iterator[Point]:
    """The points of a run that was not interrupted."""
    changed = 1
    for task in tasks:
        if changed:
            yield Point(task.number, 0, task.name)
        changed = task.changed
        if task.seconds > 1:
            yield Point(task.number, task.seconds / 2, task.name)


class Faults:
    """A lab of its own, made again and again."""

    def __init__(self, seed_registry: str | None) -> None:
        self.lab = Lab(LAB)
        self.seed_registry = seed_registry
        self.early = 0
        WORK.mkdir(parents=True, exist_ok=True)

    def ansible(self, playbook: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook in a process group of its own."""
        return subprocess.run(
            ["ansible-playbook", playbook, *options],
            cwd=ROOT,
            env={**os.environ, **PLAIN, "GALILEAN_LAB": LAB, "GALILEAN_HTTPS_PORT": PORT, **environment},
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def must(self, playbook: str, *options: str, **environment: str) -> str:
        done = self.ansible(playbook, *options, **environment)
        if done.returncode:
            raise RuntimeError(f"{playbook} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def site(self, *options: str, point: Point | None = None, power: bool = False) -> list[Task]:
        """Run site.yml, to its end or to a point. Raises RuntimeError when it ends otherwise."""
        log = WORK / "tasks"
        environment = {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/faults/callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "galilean.hub.phases,end_at",
            "GALILEAN_TASKS": str(log),
        }
        if point is None:
            self.must("playbooks/site.yml", *options, **environment)
        else:
            environment |= {"GALILEAN_END_AT": str(point.task), "GALILEAN_END_AFTER": str(point.after)}
            environment |= {"GALILEAN_END_HOSTS": " ".join(map(self.lab.container, HOSTS)) if power else ""}
            done = self.ansible("playbooks/site.yml", *options, **environment)
            if done.returncode >= 0:
                raise RuntimeError(f"the run was not killed but ended with {done.returncode}:\n{done.stdout}")
        fields = (line.split("\t") for line in log.read_text().splitlines())
        return [Task(int(number), float(seconds), int(changed), name) for number, seconds, changed, name in fields]

    def create(self, prepared: bool) -> None:
        """Fresh hosts, or those that were kept as prepared, with the secrets that go with them."""
        self.must("tests/lab/destroy.yml")
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        options = []
        if prepared:
            shutil.copytree(WORK / "prepared", DIRECTORY)
            options = ["--extra-vars", json.dumps({"lab_image": "galilean-prepared:{{ inventory_hostname }}"})]
            for host in HOSTS:
                self.copy_volume(f"{self.lab.container(host)}-docker-prepared", f"{self.lab.container(host)}-docker")
        self.must("tests/lab/create.yml", *options)

    def prepare(self) -> tuple[list[Point], Fingerprint]:
        """The points of site.yml, and the fingerprint of hosts on which it was not interrupted."""
        print("Preparing hosts", flush=True)
        self.create(prepared=False)
        early = self.site("--tags", PREPARED)
        self.early = len(early)
        self.keep_prepared()
        self.create(prepared=True)
        self.seed()
        print("Running site.yml without interruption", flush=True)
        tasks = [*early, *self.site()[self.early :]]
        points = list(points_of(tasks))
        print(f"{len(tasks)} tasks, {len(points)} points", flush=True)
        return points, self.fingerprint()

    def keep_prepared(self) -> None:
        for host in HOSTS:
            container = self.lab.container(host)
            self.lab.docker("stop", container)
            self.lab.docker("commit", container, f"galilean-prepared:{host}")
            self.copy_volume(f"{container}-docker", f"{container}-docker-prepared")
        shutil.rmtree(WORK / "prepared", ignore_errors=True)
        shutil.copytree(DIRECTORY, WORK / "prepared")

    def copy_volume(self, source: str, target: str) -> None:
        self.lab.docker("volume", "rm", "--force", target)
        volumes = ["--volume", f"{source}:/source:ro", "--volume", f"{target}:/target"]
        self.lab.docker("run", "--rm", *volumes, "galilean-debian:trixie", "cp", "-a", "/source/.", "/target/")

    def seed(self) -> None:
        """Put the images that were built before into the registry, so that they need not be built at every point."""
        if self.seed_registry:
            source = subprocess.Popen(["docker", "cp", f"{self.seed_registry}:{REGISTRY}", "-"], stdout=subprocess.PIPE)
            target = ["docker", "exec", "-i", self.lab.container("jupiter")]
            self.lab.run("jupiter", "mkdir", "-p", REGISTRY)
            subprocess.run([*target, "tar", "-x", "-C", str(Path(REGISTRY).parent)], stdin=source.stdout, check=True)
            if source.wait():
                raise RuntimeError(f"the registry of {self.seed_registry} could not be copied")

    def power_up(self) -> None:
        self.lab.docker("start", *map(self.lab.container, HOSTS))
        eventually(lambda: all(map(self.is_up, HOSTS)), 120, "the hosts are up")

    def is_up(self, host: str) -> bool:
        return self.lab.run(host, "systemctl", "is-system-running", check=False) in {"running", "degraded"}

    def converge_after(self, point: Point, power: bool) -> float:
        """Seconds of the run that follows one that ended at the point."""
        self.create(prepared=point.task > self.early)
        self.seed()
        self.site(point=point, power=power)
        if power:
            self.power_up()
        began = time.monotonic()
        self.site()
        return time.monotonic() - began

    def fingerprint(self) -> Fingerprint:
        links = self.lab.run(
            "jupiter", "sh", "-c", f"cd {TAG_LINKS} && grep -r . --include=link */_manifests/tags/*/current"
        )
        names = {}
        for link in links.splitlines():
            path, _colon, digest = link.partition(":")
            names[digest] = f"{path.split('/')[0]}:{path.split('/')[3]}"
        script = (ROOT / "tests/faults/fingerprint.py").read_text()
        return {host: json.loads(self.lab.pipe(host, json.dumps(names), "python3", "-c", script)) for host in HOSTS}

    def remove(self) -> None:
        self.must("tests/lab/destroy.yml")
        for host in HOSTS:
            self.lab.docker("volume", "rm", "--force", f"{self.lab.container(host)}-docker-prepared")
            self.lab.docker("image", "rm", "--force", f"galilean-prepared:{host}", check=False)
        shutil.rmtree(WORK, ignore_errors=True)
        shutil.rmtree(DIRECTORY, ignore_errors=True)


def differences(expected: Fingerprint, found: Fingerprint) -> list[str]:
    return [
        f"{host}: {subject}: {expected[host].get(subject, 'absent')} -> {found[host].get(subject, 'absent')}"
        for host in HOSTS
        for subject in sorted({*expected[host], *found[host]})
        if expected[host].get(subject) != found[host].get(subject)
    ]


def sample(points: Sequence[Point], size: int, seed: int) -> list[Point]:
    return sorted(random.Random(seed).sample(points, min(size, len(points))), key=lambda point: point.task)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=["controller", "power"], action="append", help="default: both")
    parser.add_argument("--sample", type=int, metavar="N", help="so many points of each mode instead of all")
    parser.add_argument(
        "--seed", type=int, default=int(time.strftime("%j")), help="of the sample; default: day of year"
    )
    parser.add_argument("--task", type=re.compile, help="only points at tasks whose name matches")
    parser.add_argument("--registry", metavar="CONTAINER", help="take the images that this host's registry has")
    parser.add_argument("--keep", action="store_true", help="leave the lab running at the end")
    arguments = parser.parse_args()
    faults = Faults(arguments.registry)
    points, expected = faults.prepare()
    points = [point for point in points if not arguments.task or arguments.task.search(point.name)]
    failures = []
    tried = 0
    for mode in arguments.mode or ["controller", "power"]:
        for point in sample(points, arguments.sample, arguments.seed) if arguments.sample else points:
            tried += 1
            try:
                seconds = faults.converge_after(point, power=mode == "power")
                wrong = differences(expected, faults.fingerprint())
                print(f"{mode} {point}: {'DIFFERS' if wrong else 'converged'} after {seconds:.0f} s", flush=True)
            except RuntimeError as error:
                wrong = [str(error)]
                print(f"{mode} {point}: FAILED", flush=True)
            if wrong:
                failures.append(f"{mode} {point}")
                print("\n".join(f"    {line}" for line in wrong), flush=True)
    print("\n".join(f"not converged: {failure}" for failure in failures))
    print(f"{tried} points, {tried - len(failures)} converged")
    if not arguments.keep:
        faults.remove()
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
