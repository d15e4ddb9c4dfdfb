"""What is installed on each system that hosts may have, and from which repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[3]
LOADER = DataLoader()
SYSTEMS = {
    "Debian 12": {
        "distribution": "Debian",
        "distribution_major_version": "12",
        "distribution_version": "12.12",
        "distribution_release": "bookworm",
    },
    "Debian 13": {
        "distribution": "Debian",
        "distribution_major_version": "13",
        "distribution_version": "13.2",
        "distribution_release": "trixie",
    },
    "Ubuntu 24.04": {
        "distribution": "Ubuntu",
        "distribution_major_version": "24",
        "distribution_version": "24.04",
        "distribution_release": "noble",
    },
    "Ubuntu 26.04": {
        "distribution": "Ubuntu",
        "distribution_major_version": "26",
        "distribution_version": "26.04",
        "distribution_release": "resolute",
    },
}
TIMESYNCD = "ca-certificates nftables openssh-server openssl procps unattended-upgrades systemd-timesyncd"
CHRONY = TIMESYNCD.replace("systemd-timesyncd", "chrony")
ENGINE, SPLIT_ENGINE = (
    "docker.io apparmor",
    "docker.io docker-cli apparmor",
)
UPSTREAM = "python3-debian docker-ce docker-ce-cli containerd.io apparmor"
SAME = {
    "backup": "duplicity gnupg",
    "certbot": "certbot",
    "nfs_client": "nfs-common",
    "nfs_server": "nfs-kernel-server xfsprogs",
    "proxy": "nginx",
    "registry": "docker-registry",
    "swarm_tls": "stunnel4",
    "users": "sudo",
}
PACKAGES = {
    "Debian 12": {"base": TIMESYNCD, "docker": ENGINE, **SAME},
    "Debian 13": {"base": TIMESYNCD, "docker": SPLIT_ENGINE, **SAME},
    "Ubuntu 24.04": {"base": TIMESYNCD, "docker": ENGINE, **SAME},
    "Ubuntu 26.04": {"base": CHRONY, "docker": ENGINE, **SAME},
}
REPOSITORIES = {
    "Debian 12": ("https://download.docker.com/linux/debian", "bookworm"),
    "Debian 13": ("https://download.docker.com/linux/debian", "trixie"),
    "Ubuntu 24.04": ("https://download.docker.com/linux/ubuntu", "noble"),
    "Ubuntu 26.04": ("https://download.docker.com/linux/ubuntu", "resolute"),
}
GIVEN = {"nfs_server_clients": ["10.0.0.12"], "nfs_server_device": "/dev/vdb", "nfs_server_file_system": "xfs"}

every_system = pytest.mark.parametrize("system", SYSTEMS)


def load(path: Path) -> Any:
    return LOADER.load_from_file(str(path), trusted_as_template=True) if path.exists() else {}


def tasks_of(role: str) -> Iterator[dict[str, Any]]:
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        yield from load(path)


def rendered(role: str, module: str, system: str, **given: Any) -> list[dict[str, Any]]:
    """What the tasks of a role hand to a module on a host with this system."""
    folder = ROOT / "roles" / role
    variables = {**load(folder / "defaults/main.yml"), **load(folder / "vars/main.yml"), **given}
    templar = Templar(LOADER, {**variables, "ansible_facts": SYSTEMS[system]})
    found = [task[module] for task in tasks_of(role) if module in task]
    return [{key: templar.template(value) for key, value in arguments.items() if key in READ} for arguments in found]


READ = ("names", "uris", "suites", "signed_by")
ROLES = sorted(
    path.name
    for path in (ROOT / "roles").iterdir()
    if any("galilean.hub.packages" in task for task in tasks_of(path.name))
)


def installed(role: str, system: str, **given: Any) -> list[str]:
    return [name for each in rendered(role, "galilean.hub.packages", system, **given) for name in each["names"]]


@every_system
def test_what_roles_install(system: str) -> None:
    found = {role: " ".join(installed(role, system, **GIVEN)) for role in ROLES}
    assert found == PACKAGES[system]


@every_system
@pytest.mark.parametrize(
    ("target", "packages"),
    [
        ("swift://store", "python3-swiftclient python3-keystoneclient"),
        ("s3://store", "python3-boto3"),
        ("sftp://backup@192.0.2.1/store", "python3-paramiko"),
        ("rclone://a:b", "rclone"),
    ],
)
def test_what_a_target_of_backups_is_reached_by(system: str, target: str, packages: str) -> None:
    assert " ".join(installed("backup", system, backup_target=target)) == f"duplicity gnupg {packages}"


@every_system
def test_upstreams_engine_and_where_it_comes_from(system: str) -> None:
    assert " ".join(installed("docker", system, docker_source="upstream")) == UPSTREAM
    (repository,) = rendered("docker", "ansible.builtin.deb822_repository", system, docker_source="upstream")
    url, suite = REPOSITORIES[system]
    assert repository == {"uris": url, "suites": suite, "signed_by": f"{url}/gpg"}


def test_no_task_names_a_distribution() -> None:
    named = [
        f"{role.name}: {task['name']}"
        for role in (ROOT / "roles").iterdir()
        for task in tasks_of(role.name)
        if {"Debian", "Ubuntu"} & set(yaml.safe_dump(plain(task)).replace("'", " ").split())
    ]
    assert not named


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else str(value)
