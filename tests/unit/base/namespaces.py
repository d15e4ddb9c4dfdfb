"""A host with containers behind its firewall, and others on its network, as network namespaces.

Runs in a user, a network and a mount namespace of its own, with the firewall's file, the bridges of the host by the
part of their networks' addresses that is theirs, and the connections to try: namespace, source address (empty for any),
address and port. Prints which of them were answered.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict

PORTS = (22, 80, 443, 2022, 2049, 2222, 2376, 2377, 5000, 7946, 8000, 8444, 8445, 9444, 9999)
LISTEN = """
import select, socket, sys
family = {"family": socket.AF_INET6, "dualstack_ipv6": True}
listeners = [socket.create_server(("::", int(port)), **family) for port in sys.argv[1:]]
print("ready", flush=True)
while True:
    for listener in select.select(listeners, [], [])[0]:
        listener.accept()[0].close()
"""
CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def answers(attempt):
    source, address, port = attempt
    try:
        socket.create_connection((address, port), 2, (source, 0) if source else None).close()
    except OSError:
        return False
    return True
attempts = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(attempts)) as pool:
    print(json.dumps(list(pool.map(answers, attempts))))
"""
# As Docker does it: what is published, to everybody or on loopback alone, is sent on to a container of docker0. The
# host translates a port of SSH too.
PUBLISHED = """
table ip nat {
    chain PREROUTING {
        type nat hook prerouting priority dstnat;
        ip daddr 10.0.0.1 tcp dport { 80, 5000, 9999 } dnat to 172.17.0.2
        ip daddr 10.0.0.1 tcp dport 2300 dnat to 172.17.0.2:22
        ip daddr 127.0.0.1 tcp dport 443 dnat to 172.17.0.2
        tcp dport 2200 redirect to :22
    }
}
"""


def do(*commands: str) -> None:
    for command in commands:
        subprocess.run(command.split(), check=True)


def join(namespace: str, *addresses: str, gateways: tuple[str, ...], link: str, bridge: str = "") -> None:
    """Make a namespace with these addresses at the other end of a link of the host's."""
    do(
        f"ip netns add {namespace}",
        f"ip link add {link} type veth peer name e netns {namespace}",
        f"ip link set {link} {f'master {bridge}' if bridge else ''} up",
        f"ip -n {namespace} link set e up",
        *(f"ip -n {namespace} address add {address} dev e nodad" for address in addresses),
        *(f"ip -n {namespace} route add default via {gateway}" for gateway in gateways),
    )


def build(rules: str, bridges: dict[int, str]) -> None:
    do("mount -t tmpfs none /run", "mkdir /run/netns", "ip link set lo up")
    outside = ("10.0.0.66/24", "10.0.0.12/24", "fd00::66/64")
    join("outside", *outside, gateways=("10.0.0.1", "fd00::1"), link="eth0")
    do("ip address add 10.0.0.1/24 dev eth0", "ip address add fd00::1/64 dev eth0 nodad")
    for part, bridge in bridges.items():
        gateways = (f"172.{part}.0.1", f"fd00:{part}::1")
        do(
            f"ip link add {bridge} type bridge",
            f"ip address add {gateways[0]}/16 dev {bridge}",
            f"ip address add {gateways[1]}/64 dev {bridge} nodad",
            f"ip link set {bridge} up",
        )
        for last in (2, 3):
            addresses = (f"172.{part}.0.{last}/16", f"fd00:{part}::{last}/64")
            join(f"c{part}-{last}", *addresses, gateways=gateways, link=f"v{part}-{last}", bridge=bridge)
    # The host is a router, takes packets for loopback, and whoever is outside sends them.
    do("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.route_localnet=1")
    do("ip netns exec outside sysctl -qw net.ipv4.conf.all.route_localnet=1")
    do("ip -n outside route add 127.0.0.1 via 10.0.0.1")
    subprocess.run(["nft", "--file", "-"], input=PUBLISHED, text=True, check=True)
    do(f"nft --file {rules}")


def main(rules: str, bridges: dict[int, str], attempts: list[tuple[str, str, str, int]]) -> None:
    build(rules, bridges)
    containers = [f"c{part}-{last}" for part in bridges for last in (2, 3)]
    listeners = []
    for namespace in ("", "outside", *containers):
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        command = [*inside, sys.executable, "-c", LISTEN, *map(str, PORTS)]
        listeners.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    for listener in listeners:
        assert listener.stdout
        assert listener.stdout.readline() == "ready\n"
    by_namespace = defaultdict(list)
    for namespace, *attempt in attempts:
        by_namespace[namespace].append(attempt)
    answered = {}
    for namespace, of_it in by_namespace.items():
        command = ["ip", "netns", "exec", namespace, sys.executable, "-c", CONNECT, json.dumps(of_it)]
        told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        answered.update(
            {(namespace, *attempt): answer for attempt, answer in zip(of_it, json.loads(told), strict=True)}
        )
    for listener in listeners:
        listener.kill()
    print(json.dumps([answered[tuple(attempt)] for attempt in attempts]))


if __name__ == "__main__":
    main(sys.argv[1], *map(json.loads, sys.argv[2:]))
