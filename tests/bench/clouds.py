"""Measure the seconds and the requests that servers in a cloud take: by our plays, and by the cloud's own command line.

The cloud is that of tests/openstack, in a project of its own for each number of servers. Both make the same: key pair,
network, router, security groups, server group, volume, servers, a floating IP. Writes docs/benchmarks-openstack.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lab import ROOT
from projects import CLOUD, CLUSTER, KEY, Project
from proxies import through_proxies
from run import machine

SERVERS = (1, 5, 20)
CLIENT = ROOT / ".cache/openstackclient/bin/openstack"
# What somebody writes into a script, which knows nothing of what is there.
BY_HAND = """
set -eu
openstack keypair create --public-key "$KEY_FILE" hand >/dev/null
openstack network create hand >/dev/null
openstack subnet create --network hand --subnet-range 10.78.0.0/24 hand >/dev/null
openstack router create hand >/dev/null
openstack router set --external-gateway public hand
openstack router add subnet hand hand
for group in hand hand-hub hand-nodes; do
    openstack security group create "$group" >/dev/null
done
for port in 22 80 443; do
    openstack security group rule create --protocol tcp --dst-port "$port" hand-hub >/dev/null
done
openstack security group rule create --remote-group hand hand >/dev/null
openstack server group create --policy soft-anti-affinity hand >/dev/null
openstack volume create --size 100 hand >/dev/null
group=$(openstack server group show -f value -c id hand)
openstack server create --image debian-13 --flavor m1.medium --network hand --key-name hand --security-group hand \\
    --security-group hand-hub --wait hand-hub >/dev/null
[ "$NODES" -eq 0 ] || openstack server create --image debian-13 --flavor m1.medium --network hand --key-name hand \\
    --security-group hand --security-group hand-nodes --hint "group=$group" --min "$NODES" --max "$NODES" \\
    --wait hand-node >/dev/null
openstack server add volume hand-hub hand >/dev/null
address=$(openstack floating ip create -f value -c floating_ip_address public)
openstack server add floating ip hand-hub "$address"
"""
# A script that is run again makes everything twice, so somebody looks first at each thing that it makes.
BY_HAND_AGAIN = """
set -eu
openstack keypair show hand >/dev/null
openstack network show hand >/dev/null
openstack subnet show hand >/dev/null
openstack router show hand >/dev/null
for group in hand hand-hub hand-nodes; do
    openstack security group show "$group" >/dev/null
done
openstack server group show hand >/dev/null
openstack volume show hand >/dev/null
openstack server list --long >/dev/null
openstack floating ip list >/dev/null
"""
GONE_BY_HAND = """
set -eu
openstack server list -f value -c ID | xargs openstack server delete --wait
openstack router remove subnet hand hand
openstack router delete hand
openstack network delete hand
openstack security group delete hand-hub hand-nodes hand
openstack server group delete hand
openstack keypair delete hand
"""


def by_hand(project: Project, script: str, nodes: int) -> None:
    key = project.directory / "key.pub"
    key.write_text(KEY)
    own = {
        "OS_CLOUD": CLOUD,
        "KEY_FILE": str(key),
        "NODES": str(nodes),
        "PATH": f"{CLIENT.parent}:{os.environ['PATH']}",
    }
    subprocess.run(["bash", "-c", script], check=True, env={**os.environ, **project.environment, **own})


def by_play(project: Project, nodes: int) -> None:
    run = project.make(openstack_nodes=nodes)
    assert run.returncode == 0, run.output


def gone_by_play(project: Project, nodes: int) -> None:
    run = project.tear_down(openstack_nodes=nodes, openstack_deleted_cluster=CLUSTER)
    assert run.returncode == 0, run.output


def measured(project: Project, work: Callable[[], None]) -> str:
    with through_proxies(project) as proxies:
        began = time.monotonic()
        work()
        seconds = time.monotonic() - began
    return f"{seconds:.0f} s, {sum(proxy.requests for proxy in proxies)}"


def rows(counts: list[int]) -> Iterator[str]:
    yield "| servers | how | made | again | deleted |"
    yield "| --- | --- | --- | --- | --- |"
    for count in counts:
        nodes = count - 1
        with tempfile.TemporaryDirectory() as directory:
            project = Project(Path(directory))
            project.allow(instances=50, cores=200, ram=10**6, server_group_members=50)
            make, tear_down = partial(by_play, project, nodes), partial(gone_by_play, project, nodes)
            scripts = (BY_HAND, BY_HAND_AGAIN, GONE_BY_HAND)
            hands = [partial(by_hand, project, script, nodes) for script in scripts]
            ways = {"`openstack.yml`, `teardown.yml`": [make, make, tear_down], "`openstack`": hands}
            for how, works in ways.items():
                cells = " | ".join(measured(project, work) for work in works)
                yield f"| {count} | {how} | {cells} |"


def main(counts: list[int]) -> None:
    today = datetime.now(tz=UTC).date()
    heading = (
        f"# Benchmarks of servers in a cloud\n\n`make bench-openstack` on {today}: OpenStack in a "
        f"container on {machine()}. Seconds, and requests to\nits APIs. By the `openstack` command line it is a script "
        "that is told everything, looks at nothing, and again only asks for each thing.\n\n"
    )
    found = []
    for row in rows(counts):
        print(row, flush=True)
        found.append(row)
    (ROOT / "docs/benchmarks-openstack.md").write_text(heading + "\n".join(found) + "\n")


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [*SERVERS])
