"""Measure homes over NFS on the machines that are up, and write the table of docs/benchmarks-homes.md."""

from __future__ import annotations

import copy
import json
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from lab import NODES, Machines
from run import REPEATS, ROOT, Starts, machine, table

HOMES = 30
FIRST_UID = 30_000
EXPORT = "/srv/galilean/homes"
PLAIN = "/mnt/plain"
LOCAL = "/var/tmp/home"
TURNS = 3


class Files:
    """Thirty students write two hundred small files each and list them, all at once."""

    def __init__(self, lab: Machines) -> None:
        self.lab = lab
        self.script = (ROOT / "tests/bench/files.py").read_text()

    def rows(self) -> Iterator[tuple[str, str]]:
        with self.plain_mounts():
            ways = {
                "local disk of the storage host": (("jupiter",), EXPORT, False),
                "local disk, each file synced": (("jupiter",), EXPORT, True),
                "NFS from two nodes": (NODES, EXPORT, False),
                "NFS from two nodes, default options": (NODES, PLAIN, False),
            }
            figures: dict[str, list[tuple[float, ...]]] = {way: [] for way in ways}
            for _turn in range(TURNS):
                for way, (hosts, directory, sync) in ways.items():
                    figures[way].append(self.measure(hosts, directory, sync))
        for way, turns in figures.items():
            written, listed = (statistics.median(seconds) for seconds in zip(*turns, strict=True))
            yield f"{HOMES} homes of 200 files, {way}: write, list", f"{written:.1f} s, {listed:.1f} s"

    @contextmanager
    def plain_mounts(self) -> Iterator[None]:
        """The export mounted a second time on the nodes, with the options that mount takes when none are given."""
        for node in NODES:
            self.lab.run(node, "mkdir", "--parents", PLAIN)
            source = f"{self.lab.address('jupiter')}:{EXPORT}"
            self.lab.run(node, "mount", "--types", "nfs", "--options", "nosharecache", source, PLAIN)
        try:
            yield
        finally:
            for node in NODES:
                self.lab.run(node, "umount", PLAIN)

    def measure(self, hosts: Sequence[str], directory: str, sync: bool) -> tuple[float, ...]:
        """Seconds that writing and listing took on the slowest of the hosts, which share the homes."""
        uids = range(FIRST_UID, FIRST_UID + HOMES)
        for uid in uids:
            self.lab.run(
                "jupiter", "install", "--directory", f"--owner={uid}", f"--group={uid}", f"{EXPORT}/bench/{uid}"
            )
        try:
            shares = [
                {f"{directory}/bench/{uid}": uid for uid in uids[turn :: len(hosts)]} for turn in range(len(hosts))
            ]
            with ThreadPoolExecutor(len(hosts)) as pool:
                taken = list(pool.map(lambda host, share: self.run(host, share, sync), hosts, shares))
        finally:
            self.lab.run("jupiter", "rm", "--recursive", "--force", f"{EXPORT}/bench")
        return tuple(max(seconds) for seconds in zip(*taken, strict=True))

    def run(self, host: str, homes: Mapping[str, int], sync: bool) -> tuple[float, float]:
        written, listed = json.loads(
            self.lab.pipe(host, json.dumps({"homes": homes, "sync": sync}), "python3", "-c", self.script)
        )
        return written, listed


class Homes(Starts):
    """From `docker service create` to the first answer of JupyterLab, with its home here and there."""

    def rows(self) -> Iterator[tuple[str, str]]:
        figures: dict[str, list[float]] = {"on NFS": [], "on the node's disk": []}
        with self.server_spec() as on_nfs:
            on_disk = copy.deepcopy(on_nfs)
            container = on_disk["TaskTemplate"]["ContainerSpec"]
            owner, group = container["User"].split(":")
            for node in NODES:
                self.lab.run(node, "install", "--directory", f"--owner={owner}", f"--group={group}", LOCAL)
            container["Mounts"][0]["Source"] = LOCAL
            for turn in range(REPEATS):
                for way, spec in zip(figures, (on_nfs, on_disk), strict=True):
                    figures[way].append(self.bare_service(spec, turn))
            for node in NODES:
                self.lab.run(node, "rm", "--recursive", LOCAL)
        for way, seconds in figures.items():
            yield f"start of JupyterLab, home {way}", f"{statistics.median(seconds):.1f} s"


def main() -> None:
    lab = Machines(os.environ["GALILEAN_LAB"])
    rows = []
    for part in (Files(lab), Homes(lab)):
        for row in part.rows():
            print("{}: {}".format(*row), flush=True)
            rows.append(row)
    today = datetime.now(tz=UTC).date()
    heading = (
        f"# Benchmarks of the homes\n\n`make bench-homes` on {today}: three machines of one processor each, user-mode "
        f"Linux, on {machine()}.\nCompare figures of one table only.\n\n"
    )
    (ROOT / "docs/benchmarks-homes.md").write_text(heading + table(rows))


if __name__ == "__main__":
    main()
