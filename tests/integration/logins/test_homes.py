"""Who starts a server and gets no home is told why. The keeper is real; there is no Swarm, which is asked later."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible_collections.galilean.hub.plugins.plugin_utils.authority import ensure_authority
from ansible_collections.galilean.hub.plugins.plugin_utils.certificates import Identity, identity, issue, to_pem
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from galilean_hub.slug import slug
from running import ROLES, free_port, running, running_hub

UID = 200000
PASSWORD = "of-everybody"


def make_certificate(path: Path, holder: Identity) -> str:
    """Write a certificate of the authority in the directory of `path`, and its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    public_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    now = datetime.now(UTC)
    certificate = issue(holder, public_key, ensure_authority(path.parent, DataLoader(), now), now, timedelta(days=1))
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_text(to_pem(certificate) + private_key.decode())
    return str(path)


@contextmanager
def running_keeper(directory: Path) -> Iterator[dict[str, str]]:
    """A keeper of the homes in `directory`, as the endpoint that hub.json describes."""
    authority, port = directory / "authority", free_port()
    keeper = make_certificate(authority / "keeper.pem", identity("server", "keeper", [], ["127.0.0.1"]))
    hub = make_certificate(authority / "hub.pem", identity("client", "hub.main", ["hub.main"], []))
    ca = str(authority / "ca.pem")
    (directory / "skeleton").mkdir()
    settings = {
        "address": "127.0.0.1",
        "port": port,
        "homes_directory": str(directory / "homes"),
        "skeleton_directory": str(directory / "skeleton"),
        "uid_minimum": UID,
        "uid_maximum": UID + 99,
        "ca_path": ca,
        "certificate_path": keeper,
        "private_key_path": keeper,
    }
    (directory / "keeper.json").write_text(json.dumps(settings))
    command = [sys.executable, "-I", ROLES / "keeper/files/keeper.py", directory / "keeper.json"]
    with running(command, directory / "keeper.log", lambda: listens(port), {}):
        yield {"url": f"https://127.0.0.1:{port}", "ca": ca, "certificate": hub, "private_key": hub}


def listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_whose_home_is_anothers_reads_so_on_the_page(tmp_path: Path) -> None:
    variables = {
        "jupyterhub_authenticator": "dummy",
        "jupyterhub_authenticator_secrets": {"password": PASSWORD},
        "jupyterhub_allow_all": True,
    }
    home = slug("ada")
    owners = tmp_path / "homes" / ".galilean-owners"
    owners.mkdir(parents=True)
    (owners / f"{UID}.main.{home}").write_text("eve\n")
    (tmp_path / "homes" / "main" / home).mkdir(parents=True)
    os.chown(tmp_path / "homes" / "main" / home, UID, UID)
    with running_keeper(tmp_path) as keeper, running_hub(tmp_path, variables, keeper=keeper) as hub:
        ada = hub.browser()
        ada.log_in("ada", PASSWORD)
        for path in ("/hub/spawn/ada", "/hub/spawn-pending/ada"):
            page = ada.visit(path)
            assert page.status_code == HTTPStatus.CONFLICT
            assert f"the home main/{home} is that of another user. Please ask the hub" in page.text
            assert "Traceback" not in page.text
