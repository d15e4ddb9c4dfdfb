"""Who may use an engine from afar, and what a renewal disturbs."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest
from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import ROOT, Lab
from testinfra.host import Host

TLS = "/etc/galilean/tls"
Ask = Callable[..., str]
ENGINE = (2376, "/version")
# Of the engine too, and over the Swarm's own mutual TLS.
SWARM_PORTS = {"2377", "7946"}
# Run on a host: follows the events of another one's engine, and ends with the stream.
FOLLOW = f"""
import http.client, ssl, sys
address, *pair = sys.argv[1:]
context = ssl.create_default_context(cafile="{TLS}/ca.pem")
context.load_cert_chain(*pair)
connection = http.client.HTTPSConnection(address, 2376, context=context, timeout=900)
connection.request("GET", "/events")
connection.getresponse().read()
"""


@pytest.mark.parametrize("name", ["hub.main", "admin"])
def test_the_hub_and_the_administrator_are_answered(ask: Ask, lab: Lab, name: str) -> None:
    assert ask(*ENGINE, *Authority.of(lab).issue(name, ExtendedKeyUsageOID.CLIENT_AUTH)) == "200"


def test_who_shows_no_certificate_is_refused(ask: Ask) -> None:
    assert ask(*ENGINE) == "refused"


def test_a_strangers_certificate_is_refused(ask: Ask, lab: Lab) -> None:
    assert ask(*ENGINE, *Authority.stranger(lab).issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH)) == "refused"


def test_a_servers_certificate_is_refused_as_a_clients(ask: Ask, lab: Lab) -> None:
    assert ask(*ENGINE, *Authority.of(lab).issue("hub.main", ExtendedKeyUsageOID.SERVER_AUTH)) == "refused"


def test_a_nodes_own_certificate_is_refused(hosts: dict[str, Host], ask: Ask) -> None:
    pair = [hosts["io"].check_output(f"cat {TLS}/node{part}.pem") for part in ("", "-key")]
    assert ask(*ENGINE, *pair) == "refused"


def test_plain_tcp_reaches_no_engine(host: Host) -> None:
    listening = host.check_output("ss --listening --tcp --numeric --processes --no-header")
    ports = {line.split()[3].rpartition(":")[2] for line in listening.splitlines() if "dockerd" in line}
    assert ports <= SWARM_PORTS


def test_private_keys_are_for_those_who_use_them(host: Host) -> None:
    for name, owner in (("server", "galilean-engine-api"), ("node", "root")):
        key = host.file(f"{TLS}/{name}-key.pem")
        assert (key.user, key.mode) == (owner, 0o600)


def test_the_key_of_the_authority_is_on_no_host(host: Host, lab: Lab) -> None:
    secret = (ROOT / ".lab" / lab.name / "secrets/ca/ca-key.pem").read_text().splitlines()[1]
    assert host.run(f"grep -rlF -- {shlex.quote(secret)} /etc /root /home /var/lib/galilean /tmp").stdout == ""


@pytest.mark.seldom
def test_a_renewal_by_a_plain_run_drops_no_connection(
    lab: Lab, hosts: dict[str, Host], addresses: dict[str, str], ask: Ask
) -> None:
    jupiter, io = hosts["jupiter"], hosts["io"]
    pair = Authority.of(lab).issue("admin", ExtendedKeyUsageOID.CLIENT_AUTH)
    assert ask(*ENGINE, *pair) == "200"
    follow = shlex.join(["python3", "-c", FOLLOW, addresses["jupiter"], "/run/probe-0.pem", "/run/probe-1.pem"])
    io.check_output(f"systemd-run --unit=follower --collect {follow}")
    before = jupiter.check_output(f"cat {TLS}/server.pem"), jupiter.check_output("systemctl show -P MainPID docker")

    run = lab.play("playbooks/engine.yml", "--extra-vars", "cluster_certificate_renew_before_days=396.9999")
    assert run.returncode == 0, run.output
    after = jupiter.check_output(f"cat {TLS}/server.pem"), jupiter.check_output("systemctl show -P MainPID docker")

    assert after[0] != before[0]
    assert after[1] == before[1]
    assert ask(*ENGINE, *pair) == "200"
    assert io.run("systemctl is-active follower").stdout.strip() == "active"
    io.check_output("systemctl stop follower")
