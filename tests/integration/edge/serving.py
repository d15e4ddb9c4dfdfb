"""nginx as the role configures it, on loopback ports."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import requests
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from running import ROLES, free_port, running

PAGE = ROLES / "proxy/files/back-in-a-moment.html"
MAIN = """
daemon off;
user root;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/*.site;
}}
"""


class Address(requests.Session):
    """The public address, as a browser asks it that follows no redirects by itself."""

    def __init__(self, url: str, certificate: Path) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False
        self.verify = str(certificate)

    def ask(self, path: str, method: str = "GET", **options: object) -> requests.Response:
        return self.request(method, self.url + path, timeout=60, allow_redirects=False, **options)  # type: ignore[arg-type]


def pair_path(directory: Path) -> Path:
    """The file with the key and the certificate that nginx serves."""
    return directory / "pair.pem"


Serve = Callable[..., Address]


def add_route(api_socket: Path, token: str, path: str, port: int) -> None:
    """Have the proxy send what begins with `path` to a port, as the hub does."""
    with closing(HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(api_socket))
        route = json.dumps({"target": f"http://127.0.0.1:{port}"})
        connection.request("POST", f"/api/routes{path}", route, {"Authorization": f"token {token}"})
        assert connection.getresponse().status == 201


def site(directory: Path, instance: str, names: Sequence[str], https_port: int, upstream_port: int) -> str:
    """The site of an instance that the role's own template makes, listening on loopback alone."""
    loader = DataLoader()
    known = {
        "cluster_instance": instance,
        "cluster_public_url": f"https://{names[0]}:{https_port}",
        "cluster_site_names": names,
        "cluster_class_size": 20,
        "ansible_managed": "Ansible",
        "ansible_facts": {"distribution_release": "bookworm"},
    }
    for part in ("defaults", "vars"):
        known |= loader.load_from_file(str(ROLES / f"proxy/{part}/main.yml"), trusted_as_template=True)
    known |= {
        "proxy_http_port": free_port(),
        "proxy_upstream": f"127.0.0.1:{upstream_port}",
        "proxy_pair_path": str(pair_path(directory)),
        "proxy_webroot": str(directory),
        "__proxy_pages_directory": str(PAGE.parent),
    }
    template = ROLES / "proxy/templates/galilean.conf.j2"
    rendered = trust_as_template(f"{{{{ lookup('ansible.builtin.template', '{template}') }}}}")
    text = Templar(loader, known).template(rendered)
    return re.sub(r"listen (\d)", r"listen 127.0.0.1:\1", re.sub(r" *listen \[::\]:.*\n", "", text))


@contextmanager
def serving(
    directory: Path,
    upstream_port: int,
    instances: Sequence[str] = ("main",),
    names: Sequence[str] = ("localhost",),
    https_port: int = 0,
) -> Iterator[Address]:
    """An nginx that serves these instances and passes all on to a port; the address is that of the first."""
    certificate = directory / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
         "-out", certificate, "-keyout", directory / "key.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    pair_path(directory).write_text((directory / "key.pem").read_text() + certificate.read_text())
    ports = [https_port or free_port(), *(free_port() for _instance in instances[1:])]
    for instance, port in zip(instances, ports, strict=True):
        (directory / f"{instance}.site").write_text(site(directory, instance, names, port, upstream_port))
    configuration = directory / "nginx.conf"
    configuration.write_text(MAIN.format(directory=directory))

    def listens() -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", ports[0])) == 0

    with (
        Address(f"https://{names[0]}:{ports[0]}", certificate) as address,
        running(["nginx", "-c", configuration], directory / "nginx.log", listens, {}),
    ):
        yield address
