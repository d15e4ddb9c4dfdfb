"""A host of the lab to which backups go, by SFTP or into Swift."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from client import eventually
from lab import Lab

HOST = "ganymede"
USER = "backup-store"
DIRECTORY = f"/home/{USER}/store"
BUCKET = "galilean-s3"
SWIFT = {
    "SWIFT_AUTHVERSION": "1",
    "SWIFT_USERNAME": "backup:hub",
    "SWIFT_PASSWORD": "secret-of-swift",
}
RCLONE = """\
[lab]
type = swift
auth = http://{address}:8080/auth/v1.0
user = {SWIFT_USERNAME}
key = {SWIFT_PASSWORD}
"""
SERVER = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
devices = /srv/node
mount_check = false
user = swift
workers = 1
fallocate_reserve = 0
[pipeline:main]
pipeline = {server}-server
[app:{server}-server]
use = egg:swift#{server}
[{server}-replicator]
[{server}-auditor]
[{server}-reaper]
[{server}-updater]
[{server}-sync]
[{server}-sharder]
[object-expirer]
"""
PROXY = """\
[DEFAULT]
bind_ip = 0.0.0.0
bind_port = 8080
user = swift
workers = 1
[pipeline:main]
pipeline = catch_errors healthcheck cache s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_backup_hub = secret-of-swift .admin
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:11211
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
SWIFT_CONF = """\
[swift-hash]
swift_hash_path_suffix = lab
swift_hash_path_prefix = lab
[storage-policy:0]
name = gold
default = yes
"""
PORTS = {"account": 6202, "container": 6201, "object": 6200}
RINGS = """
set -eu
cd /etc/swift
for server in account:6202 container:6201 object:6200; do
    builder=${server%:*}.builder
    swift-ring-builder $builder create 6 1 1
    swift-ring-builder $builder add r1z1-127.0.0.1:${server#*:}/d1 1
    swift-ring-builder $builder rebalance
done
mkdir -p /srv/node/d1 /var/cache/swift
chown -R swift: /srv/node /var/cache/swift
systemd-run --quiet --unit=store-memcached memcached -u nobody -l 127.0.0.1
"""


class Store:
    """Ganymede, with a user for SFTP and a Swift."""

    def __init__(self, lab: Lab, address: str, directory: Path) -> None:
        self.lab = lab
        self.address = address
        self.directory = directory
        self.key = directory / "sftp"

    def create(self) -> None:
        """Have the host in the network of a lab that is there."""
        host = {
            "ansible_host": self.lab.container(HOST),
            "ansible_connection": "community.docker.docker",
            "lab_name": self.lab.name,
            "lab_image": "galilean-store",
            "lab_address": self.address,
            "lab_published_ports": [],
        }
        inventory = self.directory / "store.json"
        inventory.write_text(json.dumps({"all": {"hosts": {HOST: host}}}))
        self.lab.create(inventory)

    def start(self) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        self.run("install", "-d", "-o", USER, "-m", "0700", f"/home/{USER}/.ssh", DIRECTORY)
        keys = f"/home/{USER}/.ssh/authorized_keys"
        self.lab.pipe(HOST, self.key.with_suffix(".pub").read_text(), "tee", keys)
        self.run("chown", USER, keys)
        self.run("systemctl", "start", "ssh")

    def start_swift(self) -> None:
        """Begin with Swift, which takes a while."""
        self._write("swift.conf", SWIFT_CONF)
        for server, port in PORTS.items():
            self._write(f"{server}-server.conf", SERVER.format(server=server, port=port))
        self._write("proxy-server.conf", PROXY)
        self.run("sh", "-c", RINGS)
        for server in (*PORTS, "proxy"):
            self.run(
                "systemd-run", "--quiet", f"--unit=store-{server}", f"swift-{server}-server",
                f"/etc/swift/{server}-server.conf",
            )  # fmt: skip
        eventually(self._is_healthy, "Swift answers")
        # Duplicity makes a container, and no bucket.
        who = ["-A", "http://127.0.0.1:8080/auth/v1.0", "-U", SWIFT["SWIFT_USERNAME"], "-K", SWIFT["SWIFT_PASSWORD"]]
        self.run("swift", *who, "post", BUCKET)

    def _is_healthy(self) -> bool:
        return self.run("curl", "--silent", "http://127.0.0.1:8080/healthcheck", check=False) == "OK"

    def _write(self, name: str, content: str) -> None:
        self.lab.pipe(HOST, content, "tee", f"/etc/swift/{name}")

    def run(self, *command: str, check: bool = True) -> str:
        return self.lab.run(HOST, *command, check=check)

    def variables(self, target: str, cluster: str) -> dict[str, Any]:
        """Variables of the role by which a cluster goes to `sftp`, `swift`, `s3`, `rclone`, or a `path` of the host."""
        if target == "sftp":
            key = self.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
            return {
                "backup_target": f"sftp://{USER}@{self.address}/store/{cluster}",
                "backup_sftp_private_key": str(self.key),
                "backup_sftp_known_hosts": [f"{self.address} {key[0]} {key[1]}"],
            }
        if target == "swift":
            credentials = {**SWIFT, "SWIFT_AUTHURL": f"http://{self.address}:8080/auth/v1.0"}
            return {"backup_target": f"swift://galilean/{cluster}", "backup_credentials": credentials}
        if target == "s3":
            credentials = {
                "AWS_ACCESS_KEY_ID": SWIFT["SWIFT_USERNAME"],
                "AWS_SECRET_ACCESS_KEY": SWIFT["SWIFT_PASSWORD"],
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            return {
                "backup_target": f"s3://{BUCKET}/{cluster}",
                "backup_credentials": credentials,
                "backup_s3_endpoint_url": f"http://{self.address}:8080",
            }
        if target == "rclone":
            remotes = self.directory / "rclone.conf"
            remotes.write_text(RCLONE.format(address=self.address, **SWIFT))
            return {"backup_target": f"rclone://lab:galilean-rclone/{cluster}", "backup_rclone_config": str(remotes)}
        return {"backup_target": "file:///mnt/store"}
