"""Change a cluster while ten students work on it: without interruption, and on new hosts again with runs that die.

The students notice no more of one than of the other, and in the end both clusters are the same.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from authority import Authority
from client import Hub, Kernel, Student, eventually
from cryptography.x509.oid import ExtendedKeyUsageOID
from hosts import DIRECTORY, PORT, WORK, Fingerprint, Hosts, RunError, Site, differences
from lab import ROOT
from points import Point, Task, points_on_the_way, sample

STUDENTS = 10
# How many runs of each change are killed.
KILLS = 3
ADDED, REMOVED = "callisto", "io"
INVENTORY = WORK / "inventory"
REFUSAL = "Not in the inventory any more"
REMOVAL = "removed_nodes : Take out"
WHERE = "import os; print(os.environ['GALILEAN_NODE'])"
# Between the log-ins that a class of 40 may try at once and those that one of 60 may.
LOGINS = 52


@dataclass
class Desk:
    """A student at work: a kernel with a variable, a file, and the node where the server is."""

    student: Student
    kernel: Kernel
    node: str

    @classmethod
    def of(cls, hub: Hub, name: str) -> Desk:
        hub.api("POST", f"/users/{name}")
        student = Student(hub, name)
        student.start()
        kernel = student.kernel()
        node = kernel.run(f"kept = {name!r}; open('kept.txt', 'w').write(kept)\n{WHERE}")
        return cls(student, kernel, node)

    def works(self) -> bool:
        """Whether the kernel still has its variable."""
        try:
            return self.kernel.run("print(kept)", seconds=60) == self.student.name
        except Exception:
            return False

    def is_back(self) -> bool:
        """Whether the server is on another node than before, with its file."""
        eventually(self.student.answers, f"the server of {self.student.name} answers")
        told = self.student.run("import os; print(os.environ['GALILEAN_NODE'], open('kept.txt').read())")
        node, kept = told.split()
        moved = node != self.node and kept == self.student.name
        self.node, self.kernel = node, self.student.kernel()
        self.kernel.run(f"kept = {self.student.name!r}")
        return moved


@dataclass(frozen=True)
class Change:
    """A change of the inventory, and what shows that it was made."""

    name: str
    make: Callable[[Cluster], None]
    shows: Callable[[Cluster], bool]


@dataclass
class Cluster:
    """A cluster in use, with the inventory that it is to follow."""

    hosts: Hosts
    variables: dict[str, Any] = field(default_factory=dict)
    desks: list[Desk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inventory = yaml.safe_load((ROOT / "inventories/lab/hosts.yml").read_text())
        self.variables["lab_directory"] = str(DIRECTORY)

    def options(self) -> list[str]:
        """Options of ansible-playbook that give it this inventory."""
        INVENTORY.mkdir(exist_ok=True)
        (INVENTORY / "hosts.yml").write_text(yaml.safe_dump(self.inventory))
        variables = yaml.safe_load((ROOT / "inventories/lab/group_vars/all.yml").read_text())
        (INVENTORY / "group_vars").mkdir(exist_ok=True)
        (INVENTORY / "group_vars/all.yml").write_text(yaml.safe_dump(variables | self.variables))
        return ["--inventory", str(INVENTORY)]

    def on_hub(self, *command: str) -> str:
        return self.hosts.lab.run("jupiter", *command)

    def open(self) -> None:
        """Make it on new hosts, and have ten students set to work."""
        self.hosts.create()
        self.hosts.seed()
        self.hosts.tasks = Site().finish()
        self.hosts.play("tests/lab/access.yml")
        self.hub = Hub(json.loads((DIRECTORY / "access.json").read_text()))
        with ThreadPoolExecutor(STUDENTS) as pool:
            names = [f"student-{number}" for number in range(STUDENTS)]
            self.desks = list(pool.map(lambda name: Desk.of(self.hub, name), names))

    @contextmanager
    def newcomer(self) -> Iterator[Student]:
        """One more student with a server, who is gone afterwards."""
        with self.hub.student("newcomer") as student:
            student.start()
            yield student

    def at(self, node: str) -> list[str]:
        """The students whose servers are on the node."""
        return [desk.student.name for desk in self.desks if desk.node == node]

    def disturbed(self) -> list[str]:
        """The students whose kernels lost their variable, or whose servers are not back from a node that is gone."""
        with ThreadPoolExecutor(STUDENTS) as pool:
            fine = pool.map(lambda desk: desk.works() if desk.node in self.nodes else desk.is_back(), self.desks)
            return [desk.student.name for desk, is_fine in zip(self.desks, fine, strict=True) if not is_fine]

    def fault(self, change: Change) -> str:
        """What is wrong after a change, if anything."""
        moved = self.at(REMOVED) if REMOVED not in self.nodes else []
        fault = "" if change.shows(self) else "the change does not show\n"
        lost = self.disturbed()
        if lost:
            fault += f"disturbed: {', '.join(lost)}\n"
        if moved:
            back = len([name for name in moved if name not in lost])
            print(
                f"            {back} of {len(moved)} students of {REMOVED} are back on other nodes, with their files",
                flush=True,
            )
        return fault

    def close(self) -> Fingerprint:
        """Have the students stop their servers, and give back the fingerprint of the hosts."""
        with ThreadPoolExecutor(STUDENTS) as pool:
            list(pool.map(lambda desk: desk.student.stop(), self.desks))
        return self.hosts.fingerprint(["jupiter", *self.nodes])

    @property
    def nodes(self) -> list[str]:
        return list(self.inventory["nodes"]["hosts"])


def change_a_setting(cluster: Cluster) -> None:
    cluster.variables["jupyterhub_idle_timeout_seconds"] = 4000


def setting_shows(cluster: Cluster) -> bool:
    """Whether the hub that runs ends idle servers after as long."""
    return "--timeout=4000" in cluster.on_hub("docker", "top", "galilean-hub-main", "axo", "pid,args").split()


def change_the_image(cluster: Cluster) -> None:
    """Name another notebook image by its digest: a layer more than the one there is."""
    configuration = json.loads(cluster.on_hub("cat", "/etc/galilean/instances/main/hub.json"))
    image = configuration["spawner"]["image"]
    name = f"{image.partition('@')[0]}-next"
    build = f"docker build --quiet --tag {name} - && docker push --quiet {name}"
    cluster.hosts.lab.pipe("jupiter", f"FROM {image}\nLABEL next=true\n", "sh", "-c", build)
    form = "{{index .RepoDigests 0}}"
    cluster.variables["images_notebook_image"] = cluster.on_hub("docker", "image", "inspect", "--format", form, name)


def image_shows(cluster: Cluster) -> bool:
    """Whether the server of a newcomer runs from it."""
    with cluster.newcomer() as student:
        servers = ["docker", "ps", "--quiet", "--filter", "label=next=true", "--filter", f"name={student.name}"]
        return bool(cluster.hosts.lab.run(student.run(WHERE), *servers))


def renew_certificates(cluster: Cluster) -> None:
    """Have the cluster's own certificates last longer, which renews them all, and give the public one by hand."""
    cluster.variables |= {"cluster_certificate_validity_days": 420, "cluster_certificate_renew_before_days": 400}
    certificate, key = Authority.of(cluster.hosts.lab).issue("localhost", ExtendedKeyUsageOID.SERVER_AUTH)
    for name, text in (("proxy_certificate", certificate), ("proxy_private_key", key)):
        path = WORK / f"{name}.pem"
        path.write_text(text)
        cluster.variables[name] = str(path)


def certificates_show(cluster: Cluster) -> bool:
    """Whether the public port serves the one that was given, and engines, registry and keeper serve renewed ones."""
    given = (WORK / "proxy_certificate.pem").read_text()
    served = ssl.get_server_certificate(("localhost", int(PORT)))
    look = (
        "openssl s_client -connect $(hostname --ip-address):$0 </dev/null 2>/dev/null"
        f" | openssl x509 -noout -checkend {400 * 86400}"
    )
    ports = [*((host, "2376") for host in ("jupiter", *cluster.nodes)), ("jupiter", "5000"), ("jupiter", "8444")]
    renewed = [
        "will not expire" in cluster.hosts.lab.run(host, "sh", "-c", look, port, check=False) for host, port in ports
    ]
    return ssl.PEM_cert_to_DER_cert(served) == ssl.PEM_cert_to_DER_cert(given) and all(renewed)


def enlarge_the_class(cluster: Cluster) -> None:
    """More students than before, and a network that could not be made without cutting off those who work."""
    cluster.variables |= {"cluster_class_size": 60, "swarm_overlay_subnet": "10.80.0.0/19"}


def class_shows(cluster: Cluster) -> bool:
    """Whether as many may log in at once as the smaller class could not, while the network is the one it was."""

    def log_in(_number: int) -> int:
        form = {"username": "nobody", "password": "wrong"}
        return cluster.hub.request("POST", "/hub/login", data=form).status_code

    with ThreadPoolExecutor(LOGINS) as pool:
        answers = list(pool.map(log_in, range(LOGINS)))
    form = "{{(index .IPAM.Config 0).Subnet}}"
    subnet = cluster.on_hub("docker", "network", "inspect", "--format", form, "galilean-main")
    return 429 not in answers and subnet == "10.80.0.0/20"


def add_a_node(cluster: Cluster) -> None:
    europa = cluster.inventory["nodes"]["hosts"]["europa"]
    added = {name: value.replace("europa", ADDED).replace(".13", ".14") for name, value in europa.items()}
    cluster.inventory["nodes"]["hosts"][ADDED] = added
    # An engine as new as those of the other hosts.
    cluster.hosts.lab.docker("volume", "rm", "--force", cluster.hosts.engine_volume(ADDED))
    cluster.hosts.play("tests/lab/create.yml", *cluster.options(), "--limit", ADDED)


def added_node_shows(cluster: Cluster) -> bool:
    """Whether it is ready, and runs the server of a newcomer who can go nowhere else."""
    if cluster.hosts.lab.ready_nodes() != {"jupiter", *cluster.nodes}:
        return False
    others = [node for node in cluster.nodes if node != ADDED]
    cluster.hosts.lab.pause(*others)
    try:
        with cluster.newcomer() as student:
            return student.run(WHERE) == ADDED
    finally:
        cluster.hosts.lab.activate(*others)


def remove_a_node(cluster: Cluster) -> None:
    """Without a word that servers may be moved the run is refused, and nobody notices."""
    if not cluster.at(REMOVED):
        raise RunError(f"no student is on {REMOVED}, so that nothing is shown by its removal")
    del cluster.inventory["nodes"]["hosts"][REMOVED]
    refused = Site(*cluster.options())
    if not refused.process.wait() or REFUSAL not in " ".join(refused.told().split()):
        raise RunError(f"a run that would stop servers was not refused:\n{refused.told()}")
    lost = [desk.student.name for desk in cluster.desks if not desk.works()]
    if lost:
        raise RunError(f"the run that was refused disturbed {', '.join(lost)}")
    cluster.variables["removed_nodes_moves_servers"] = True


def removed_node_shows(cluster: Cluster) -> bool:
    """Whether the Swarm knows neither the host nor its engine, and nothing runs there."""
    member = cluster.hosts.lab.run(REMOVED, "docker", "info", "--format", "{{.Swarm.NodeID}}")
    return (
        cluster.hosts.lab.ready_nodes() == {"jupiter", *cluster.nodes}
        and member not in cluster.on_hub("docker", "node", "ls", "--quiet").split()
        and not cluster.hosts.lab.run(REMOVED, "docker", "ps", "--quiet")
    )


CHANGES = (
    Change("a hub setting", change_a_setting, setting_shows),
    Change("the notebook image", change_the_image, image_shows),
    Change("certificates", renew_certificates, certificates_show),
    Change("the size of the class", enlarge_the_class, class_shows),
    Change("a node more", add_a_node, added_node_shows),
    Change("a node less", remove_a_node, removed_node_shows),
)


def ends(tasks: Sequence[Task], seed: int) -> list[Point]:
    """Where runs of a change are killed, by the tasks of a run that was not: first of all where a node is taken out."""
    points = points_on_the_way(tasks)
    in_removal = [point for point in points if point.name.startswith(REMOVAL) and point.after]
    return [*in_removal, *sample([point for point in points if point not in in_removal], KILLS - len(in_removal), seed)]


def change_without_interruption(hosts: Hosts) -> tuple[list[list[Task]], Fingerprint]:
    """The tasks of each change's run, and what the hosts are in the end. Raises RunError when anything is wrong."""
    cluster, runs = Cluster(hosts), []
    cluster.open()
    for change in CHANGES:
        change.make(cluster)
        runs.append(Site(*cluster.options()).finish())
        if fault := cluster.fault(change):
            raise RunError(f"{change.name}, without interruption: {fault}")
    return runs, cluster.close()


def kill(cluster: Cluster, point: Point) -> None:
    run = Site(*cluster.options(), stop_at=point.task, after=point.after)
    if not run.stopped():
        raise RunError(f"the run has ended before {point}")
    run.kill()


def try_changes(hosts: Hosts, seed: int, tell: Callable[[Sequence[str], float, str], None]) -> None:
    """Make all changes on one cluster, and tell of each where it was killed, and what the next run made of it."""
    began = time.monotonic()
    runs, expected = change_without_interruption(hosts)
    print(f"all changes without interruption: {time.monotonic() - began:.0f} s", flush=True)
    cluster = Cluster(hosts)
    cluster.open()
    for change, tasks in zip(CHANGES, runs, strict=True):
        points, seconds = ends(tasks, seed), 0.0
        try:
            change.make(cluster)
            for point in points:
                kill(cluster, point)
            seconds = hosts.run_to_the_end(*cluster.options())
            fault = cluster.fault(change)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        tell([f"{change.name}, killed at {point}" for point in points] or [change.name], seconds, fault)
    try:
        fault = "\n".join(differences(expected, cluster.close()))
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    if fault:
        tell(["all changes, the cluster in the end"], 0, fault)
    else:
        print("            in the end the cluster is as it is without interruption", flush=True)
