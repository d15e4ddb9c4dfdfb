"""Homes that are served by one host and mounted by the others."""

from __future__ import annotations

import json

from client import Hub
from lab import HOSTS, Machines

# What inventories/machines gives each home.
QUOTA_MIB = "200"


def home_of(machines: Machines, student: str) -> str:
    name = machines.run("jupiter", "docker", "service", "ls", "--quiet", "--filter", f"label=galilean.user={student}")
    mounts = "{{json .Spec.TaskTemplate.ContainerSpec.Mounts}}"
    mount, _export = json.loads(machines.run("jupiter", "docker", "service", "inspect", "--format", mounts, name))
    return str(mount["Source"])


def test_uid_mode_and_quota_are_the_same_wherever_one_looks(machines: Machines, placement: Machines, hub: Hub) -> None:
    with hub.student("settler") as student:
        placement.pause("europa")
        student.start()
        student.run("import os; os.close(os.open('letter.txt', os.O_CREAT | os.O_WRONLY, 0o640))")
        uid = student.run("import os; print(os.getuid())")
        home = home_of(machines, "settler")
        owners = {machines.run(host, "stat", "--format", "%u:%g %a", home) for host in HOSTS}
        assert len(owners) == 1
        assert owners.pop().startswith(f"{uid}:")
        sizes = {machines.run(host, "df", "--output=size", "--block-size=1M", home).split()[1] for host in HOSTS}
        assert sizes == {QUOTA_MIB}
        student.stop()
        placement.activate("europa")
        placement.pause("io")
        student.start()
        found = student.run(
            "import os; s = os.stat('letter.txt'); print(os.getuid(), s.st_uid, oct(s.st_mode & 0o777))"
        )
        assert found == f"{uid} {uid} 0o640"
        size = student.run("import os; s = os.statvfs('.'); print(s.f_blocks * s.f_frsize // 2**20)")
        assert size == QUOTA_MIB
