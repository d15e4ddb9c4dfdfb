"""A cluster on hosts in containers as its operator has it, which may be lost: inventory, secrets, people at work."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from browser import Browser
from homes import HOMES
from keyrings import PUBLIC
from lab import Lab, Run
from looking import look, without_caches
from stores import Store

DATABASE = "/var/lib/galilean/instances/main/hub/jupyterhub.sqlite"
TREES = ("main", ".galilean-owners")
UNIT = "galilean-backup-main.service"
# Who the hub knows, by which passwords and cookies.
READ_USERS = f"""
import json, sqlite3
connection = sqlite3.connect("file:{DATABASE}?mode=ro", uri=True)
users = connection.execute("SELECT id, name, admin, created, cookie_id FROM users ORDER BY id").fetchall()
accounts = connection.execute("SELECT id, username, hex(password), is_authorized FROM users_info ORDER BY 1").fetchall()
print(json.dumps([users, accounts]))
"""
# What somebody may have in a home, with modes, times and attributes such as nobody would choose.
FILL = r"""
import os, struct, sys
from pathlib import Path
home = Path(sys.argv[1])
owner = home.stat().st_uid
(home / "notes").mkdir()
(home / "notes" / "week3.ipynb").write_text("what ada found out\n" * 1000)
(home / "two\nlines").write_text("a name with a newline")
(home / "first").write_text("linked twice")
os.link(home / "first", home / "notes" / "second")
(home / "shadow").symlink_to("/etc/shadow")
with (home / "sparse").open("wb") as file:
    file.truncate(20_000_000)
for path in (home / "notes", *home.glob("[fst]*"), *home.glob("notes/*")):
    os.chown(path, owner, owner, follow_symlinks=False)
(home / "first").chmod(0o4751)
os.setxattr(home / "first", "user.origin", b"an attribute")
# acl(5) as the kernel has it: what the owner, the hub's user, the group, all named ones together, and others may.
rules = [(0x01, 6, -1), (0x02, 4, 860), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *rule) for rule in rules)
os.setxattr(home / "notes" / "week3.ipynb", "system.posix_acl_access", acl)
os.utime(home / "first", ns=(10**18, 10**18 + 7))
os.utime(home / "shadow", ns=(10**18, 10**18 + 9), follow_symlinks=False)
"""


@dataclass
class Raised:
    """A cluster, and the directory of its inventory, which it keeps its secrets in."""

    lab: Lab
    inventory: Path
    url: str
    hosts: tuple[str, ...]
    storage: str
    # Of the registry, which would take minutes to make.
    images: Path

    @property
    def secrets(self) -> Path:
        return self.inventory / ".secrets"

    def make_hosts(self) -> None:
        """Bare hosts in the place of those that are not there, but for the images."""
        self.lab.create(self.inventory)
        self.lab.unpack_registry(self.images)

    def lose(self, *hosts: str) -> None:
        """All that these hosts have, and with the storage host the homes."""
        if self.storage in hosts:
            # Other containers have the volume of the homes, too: what is in it goes.
            self.lab.run(self.storage, "find", HOMES, "-mindepth", "1", "-delete")
        self.lab.remove(*hosts)

    def lose_everything(self) -> None:
        """All that the hosts and the controller have, and not the inventory."""
        self.lose(*self.hosts)
        shutil.rmtree(self.secrets)

    def try_to_play(self, playbook: str, *options: str, environment: Mapping[str, str] | None = None) -> Run:
        return self.lab.play(
            f"playbooks/{playbook}", "--inventory", str(self.inventory), *options, **(environment or {})
        )

    def play(self, playbook: str, *options: str, environment: Mapping[str, str] | None = None) -> Run:
        run = self.try_to_play(playbook, *options, environment=environment)
        assert run.returncode == 0, run.output
        return run

    def try_to_restore(self, *options: str, **request: Any) -> Run:
        """Have what is asked for given back, by the names that the role has for it."""
        named = json.dumps({f"backup_restore_{name}": value for name, value in request.items()})
        return self.try_to_play("restore.yml", "--extra-vars", named, *options)

    def restore(self, *options: str, **request: Any) -> Run:
        run = self.try_to_restore(*options, **request)
        assert run.returncode == 0, run.output
        return run

    def browser(self) -> Browser:
        return Browser(self.url, verify=str(self.secrets / "ca/ca.pem"))

    def go_to(self, store: Store, keyring: Path) -> None:
        """Have the operator write where backups go, and who opens them; none is made by the clock."""
        never = dict.fromkeys(("backup_calendar", "backup_proof_calendar", "backup_drill_calendar"), "2099-01-01")
        given = {**store.variables("sftp", "cluster"), "backup_public_key": str(keyring / PUBLIC), **never}
        directory = self.inventory / "group_vars/all"
        (self.inventory / "group_vars/all.yml").rename(self.inventory / "all.yml.aside")
        directory.mkdir()
        (self.inventory / "all.yml.aside").rename(directory / "all.yml")
        (directory / "backups.yml").write_text(yaml.safe_dump(given))

    def back_up(self) -> None:
        """What the timers do, on the hosts that have one."""
        for host in self.hosts:
            if self.lab.run(host, "systemctl", "list-unit-files", "--no-legend", UNIT, check=False):
                self.lab.run(host, "systemctl", "start", UNIT, check=False)
                log = self.lab.run(host, "journalctl", "--unit", UNIT, "--output", "cat")
                assert self.lab.run(host, "systemctl", "is-failed", UNIT, check=False) == "inactive", log

    def home(self, user: str) -> str:
        """Where somebody's home is, by the keeper's record."""
        (record,) = self.lab.run(self.storage, "grep", "-rlx", user, f"{HOMES}/.galilean-owners").split()
        return f"{HOMES}/main/{record.rpartition('.')[2]}"

    def fill(self, user: str) -> None:
        self.lab.pipe(self.storage, FILL, "python3", "-", self.home(user))

    def people_have(self) -> dict[str, Any]:
        """All that is in homes, and whose these are. Homes come and go meanwhile, those of throw-away users."""
        looked = without_caches(look(self.lab, self.storage, HOMES))
        return {path: row[:4] if path in TREES else row for path, row in looked.items() if path.split("/")[0] in TREES}

    def users(self) -> Any:
        """Whom the hub knows."""
        return json.loads(self.lab.pipe(self.hosts[0], READ_USERS, "python3", "-"))
