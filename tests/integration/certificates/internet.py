"""What is around a hub, on a host of the lab: a DNS server that may be changed, and ACME servers.

Two of them are found where Let's Encrypt's are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from client import eventually
from lab import Lab

HOST = "amalthea"
ZONE = "lab.test"
# A name that the ACME servers give to nobody.
REFUSED = f"refused.{ZONE}"
PORTS = {"usual": 14000, "short": 14001, "bound": 14002, "staging": 14003}
# Let's Encrypt's certificates last 90 days. Of short ones a third is over at once.
VALIDITY_SECONDS = dict.fromkeys(PORTS, 90 * 86_400) | {"short": 45}
# Where hubs ask that are told of no other server.
LETS_ENCRYPT = "api.letsencrypt.org"
EAB_KID, EAB_HMAC_KEY = "galilean", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
ENVIRONMENT = ("PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
DIRECTORY = "/etc/internet"
NAMED = """\
include "{directory}/hub.key";
include "{directory}/registrar.key";
options {{
    directory "/var/cache/bind";
    listen-on {{ any; }};
    listen-on-v6 {{ none; }};
    recursion yes;
    forward only;
    forwarders {{ 127.0.0.11; }};
    dnssec-validation no;
}};
zone "{zone}" {{
    type primary;
    file "/var/lib/bind/{zone}";
    update-policy {{
        grant registrar zonesub ANY;
        grant hub wildcard *.{zone} TXT;
    }};
}};
zone "{lets_encrypt}" {{
    type primary;
    file "{directory}/{lets_encrypt}";
}};
"""
EMPTY_ZONE = """\
$TTL 0
@ IN SOA ns.{zone}. root.{zone}. 1 60 60 600 0
@ IN NS ns.{zone}.
ns IN A {address}
"""
# Pebble calls its directory otherwise.
FRONT = """\
events {{}}
http {{
    map $host $port {{
        default {usual};
        acme-staging-v02.{lets_encrypt} {staging};
    }}
    server {{
        listen 443 ssl;
        ssl_certificate {directory}/certificate.pem;
        ssl_certificate_key {directory}/key.pem;
        rewrite ^/directory$ /dir;
        location / {{
            proxy_pass https://127.0.0.1:$port;
            proxy_set_header Host $host;
        }}
    }}
}}
"""
START = """
set -eu
cd {directory}
for name in hub registrar; do
    tsig-keygen -a hmac-sha512 $name >$name.key
    chown bind $name.key
done
new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $new -days 30 -subj '/CN=authority of the ACME servers' -keyout ca-key.pem -out ca.pem
openssl req $new -subj /CN={address} -keyout key.pem -out request.pem
echo 'subjectAltName=IP:{address},DNS:*.{lets_encrypt}' >extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -days 30 -extfile extensions -out certificate.pem
systemd-run --quiet --unit=dns /usr/sbin/named -f -u bind -c {directory}/named.conf
systemd-run --quiet --unit=front /usr/sbin/nginx -g 'daemon off;' -c {directory}/front.conf
"""


class Internet:
    """Amalthea, which has all of it; addresses are those of the lab's network."""

    def __init__(self, lab: Lab, address: str) -> None:
        self.lab = lab
        self.address = address

    def start(self) -> None:
        known = {"directory": DIRECTORY, "zone": ZONE, "lets_encrypt": LETS_ENCRYPT, "address": self.address}
        self._write("named.conf", NAMED.format(**known))
        self._write("front.conf", FRONT.format(**known, **PORTS))
        servers = "".join(f"{name} IN A {self.address}\n" for name in ("acme-v02", "acme-staging-v02"))
        self._write(LETS_ENCRYPT, EMPTY_ZONE.format(zone=LETS_ENCRYPT, address=self.address) + servers)
        self.lab.pipe(HOST, EMPTY_ZONE.format(**known), "tee", f"/var/lib/bind/{ZONE}")
        self.lab.run(HOST, "chown", "-R", "bind", "/var/lib/bind")
        self.lab.run(HOST, "sh", "-c", START.format(**known))
        for server, port in PORTS.items():
            configuration = self._write(f"{server}.json", json.dumps({"pebble": self._pebble(server, port)}))
            self.lab.run(
                HOST, "systemd-run", "--quiet", f"--unit=acme-{server}", *(f"--setenv={each}" for each in ENVIRONMENT),
                "pebble", "-config", configuration, "-dnsserver", "127.0.0.1:53", "-strict=false",
            )  # fmt: skip
            eventually(lambda server=server: self.root(server), f"the ACME server {server} answers")

    def _write(self, name: str, content: str) -> str:
        path = f"{DIRECTORY}/{name}"
        self.lab.run(HOST, "mkdir", "-p", DIRECTORY)
        self.lab.pipe(HOST, content, "tee", path)
        return path

    def _pebble(self, server: str, port: int) -> dict[str, Any]:
        return {
            "listenAddress": f"0.0.0.0:{port}",
            "managementListenAddress": f"127.0.0.1:{port + 1000}",
            "certificate": f"{DIRECTORY}/certificate.pem",
            "privateKey": f"{DIRECTORY}/key.pem",
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": server == "bound",
            "externalAccountMACKeys": {EAB_KID: EAB_HMAC_KEY} if server == "bound" else {},
            "certificateValidityPeriod": VALIDITY_SECONDS[server],
            "retryAfter": {"authz": 1, "order": 1},
            "domainBlocklist": [REFUSED],
        }

    def url(self, server: str) -> str:
        return f"https://{self.address}:{PORTS[server]}/dir"

    def root(self, server: str) -> str:
        """The root of what the server issues, in PEM; empty while it does not answer."""
        port = PORTS[server] + 1000
        return self.lab.run(HOST, "curl", "--silent", "--insecure", f"https://127.0.0.1:{port}/roots/0", check=False)

    def requests(self, server: str) -> list[str]:
        """The lines of its log in which the server says what it was asked."""
        log = self.lab.run(HOST, "journalctl", "--unit", f"acme-{server}", "--output", "cat")
        return [line for line in log.splitlines() if "HEAD /" in line or "GET /" in line or "POST /" in line]

    def lead(self, name: str, *addresses: str) -> None:
        """Have a name of the zone lead to these addresses alone; nowhere without any."""
        records = [f"update add {name}. 0 A {address}" for address in addresses]
        lines = ["server 127.0.0.1", f"zone {ZONE}", f"update delete {name}. A", *records, "send"]
        self.lab.pipe(HOST, "\n".join([*lines, ""]), "nsupdate", "-k", f"{DIRECTORY}/registrar.key")

    def grade(self, name: str, address: str, root: str) -> dict[str, str]:
        """What testssl.sh finds at an address, by the names of its findings; it knows this root besides its own."""
        authority, report = self._write("root.pem", root), f"{DIRECTORY}/report.json"
        self.lab.run(HOST, "rm", "--force", report)
        options = ["--add-ca", authority, "--ip", address, "--jsonfile", report]
        self.lab.run(HOST, "testssl", "--quiet", "--warnings=off", "--nodns=min", *options, name, check=False)
        return {found["id"]: found["finding"] for found in json.loads(self.lab.run(HOST, "cat", report))}

    def certificate(self) -> str:
        """The authority of the ACME servers' own certificates, in PEM."""
        return self.lab.run(HOST, "cat", f"{DIRECTORY}/ca.pem") + "\n"

    def credentials(self, directory: Path) -> Path:
        """A file as certbot's RFC 2136 plugin reads it, for the zone's key that may write TXT records."""
        key = self.lab.run(HOST, "cat", f"{DIRECTORY}/hub.key")
        secret = key.partition('secret "')[2].partition('"')[0]
        given: Mapping[str, str] = {"server": self.address, "name": "hub", "secret": secret, "algorithm": "HMAC-SHA512"}
        path = directory / "rfc2136.ini"
        path.touch(mode=0o600)
        path.write_text("".join(f"dns_rfc2136_{name} = {value}\n" for name, value in given.items()))
        return path
