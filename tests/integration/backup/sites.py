"""A host that keeps homes and a hub's database, without keeper and hub, and what stands there, file by file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import Lab, Run
from looking import look

HOST = "callisto"
HOMES = "/srv/galilean/homes"
ADA, EMIL, MALLORY = (f"{HOMES}/main/{name}" for name in ("ada", "emil", "mallory"))
DATABASE = "/var/lib/galilean/instances/main/hub/jupyterhub.sqlite"
UNIT = "galilean-backup-main"
PROGRAM = ["python3", "/usr/local/lib/galilean/galilean_backup.py", "/etc/galilean/instances/main/backup/settings.json"]
METRICS = "/var/lib/prometheus/node-exporter/galilean-backup-main.prom"
# What people may have in their homes. Owners are those that the keeper gives, and modes such as nobody would choose.
FILL = r"""
import os, sqlite3, struct
from pathlib import Path
homes = Path("/srv/galilean/homes")
(homes / ".galilean-owners").mkdir(mode=0o700, parents=True)
for number, name in enumerate(("ada", "emil", "mallory"), 2100000001):
    home = homes / "main" / name
    (home / "notes").mkdir(parents=True)
    (homes / ".galilean-owners" / f"{number}.main.{name}").write_text(name + "\n")
    for each in range(30):
        (home / "notes" / f"{each:02}.ipynb").write_text(f"notebook {each} of {name}\n" * 100)
    (home / ".cache").mkdir()
    (home / ".cache" / "large").write_bytes(os.urandom(1000))
ada = homes / "main" / "ada"
(ada / "two\nlines").write_text("a name with a newline")
(ada / ("n" * 255)).write_text("a name of 255 bytes")
Path(os.fsdecode(bytes(ada) + b"/\xff\xfe")).write_text("a name that is no text")
(ada / "empty").touch()
with (ada / "sparse").open("wb") as file:
    file.truncate(20_000_000)
    file.seek(10_000_000)
    file.write(b"in the middle")
(ada / "first").write_text("linked twice")
os.link(ada / "first", ada / "notes" / "second")
os.setxattr(ada / "first", "user.origin", b"an attribute")
(ada / "locked").mkdir(mode=0o000)
(ada / "program").write_text("#!/bin/sh\n")
(ada / "program").chmod(0o4755)
mallory = homes / "main" / "mallory"
(mallory / "shadow").symlink_to("/etc/shadow")
(mallory / "etc").symlink_to("/etc")
(mallory / "nowhere").symlink_to("nowhere")
os.mkfifo(mallory / "pipe")
for number, name in enumerate(("ada", "emil", "mallory"), 2100000001):
    home = homes / "main" / name
    for path in (home, *home.rglob("*")):
        os.chown(path, number, number, follow_symlinks=False)
        if not path.is_symlink():
            os.utime(path, ns=(10**18 + number, 10**18 + number * 7))
    home.chmod(0o700)
(ada / "program").chmod(0o4755)
# acl(5) as the kernel has it: what the owner, emil, the group, all named ones together, and others may.
rules = [(0x01, 7, -1), (0x02, 5, 2100000002), (0x04, 0, -1), (0x10, 5, -1), (0x20, 0, -1)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *rule) for rule in rules)
for name in ("system.posix_acl_access", "system.posix_acl_default"):
    os.setxattr(ada / "notes", name, acl)
database = Path("/var/lib/galilean/instances/main/hub/jupyterhub.sqlite")
database.parent.mkdir(parents=True)
with sqlite3.connect(database) as connection:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE users (name TEXT)")
    connection.executemany("INSERT INTO users VALUES (?)", [("ada",), ("emil",)])
os.chown(database, 860, 860)
"""


@dataclass
class Site:
    """Callisto."""

    lab: Lab
    inventory: Path
    variables: dict[str, Any]
    # Has a bare host in its place, and no homes.
    renew: Callable[[], None]

    @property
    def secrets(self) -> Path:
        return Path(self.variables["cluster_secrets_directory"])

    def fill(self) -> None:
        self.lab.pipe(HOST, FILL, "python3", "-")
        self.run("mkdir", "-p", "/mnt/store")

    def play(self, playbook: str, *options: str, environment: Mapping[str, str] | None = None, **variables: Any) -> Run:
        """Run a playbook with these variables besides those of the site."""
        given = json.dumps({**self.variables, **variables})
        common = ["--inventory", str(self.inventory), "--extra-vars", given]
        return self.lab.play(f"playbooks/{playbook}", *common, *options, **(environment or {}))

    def restore(self, *options: str, **variables: Any) -> Run:
        named = {f"backup_restore_{name}": value for name, value in variables.items()}
        return self.play("restore.yml", *options, **named)

    def run(self, *command: str, check: bool = True) -> str:
        return self.lab.run(HOST, *command, check=check)

    def python(self, script: str, *arguments: str) -> str:
        return self.lab.pipe(HOST, script, "python3", "-", *arguments)

    def back_up(self) -> None:
        """What the timer does."""
        self.run("systemctl", "start", f"{UNIT}.service", check=False)
        assert self.unit() == "inactive", self.log()

    def prove(self) -> str:
        """What the other timer does, and how its unit is then."""
        self.run("systemctl", "start", "galilean-backup-proof-main.service", check=False)
        return self.unit("galilean-backup-proof-main")

    def unit(self, name: str = UNIT) -> str:
        return self.run("systemctl", "is-failed", f"{name}.service", check=False)

    def log(self, name: str = UNIT, since: str = "") -> str:
        """The last it said, or all since a time in seconds: of that journalctl's --lines would be the first."""
        which = ["--since", f"@{since}"] if since else ["--lines", "60"]
        return self.run("journalctl", "--unit", f"{name}.service", "--output", "cat", *which)

    def metrics(self) -> dict[str, float]:
        lines = [line for line in self.run("cat", METRICS).splitlines() if not line.startswith("#")]
        return {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines}

    def look(self, path: str) -> dict[str, Any]:
        return look(self.lab, HOST, path)

    def beside(self, path: str) -> list[str]:
        """What was restored beside a path."""
        return self.run("sh", "-c", f"ls -d {path}.restored-* 2>/dev/null || true").split()


MakeSite = Callable[..., Site]
