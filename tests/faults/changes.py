"""Change a cluster while ten students work on it: a run of each change is killed, and the next one makes up for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import yaml
from authority import Authority
from client import Hub, Kernel, Student, eventually
from cryptography.x509.oid import ExtendedKeyUsageOID
from hosts import DIRECTORY, WORK, Hosts, RunError, Site
from lab import ROOT
from points import Task

STUDENTS = 10
INVENTORY = WORK / "inventory"
REFUSAL = "Not in the inventory any more"


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
        student.start(600)
        kernel = student.kernel()
        node = kernel.run(
            f"kept = {name!r}; open('kept.txt', 'w').write(kept); import os; print(os.environ['GALILEAN_NODE'])"
        )
        return cls(student, kernel, node)

    def works(self) -> bool:
        """Whether the kernel still has its variable."""
        try:
            return self.kernel.run("print(kept)", seconds=60) == self.student.name
        except Exception:
            return False

    def is_back(self) -> bool:
        """Whether the server is on another node than before, with its file."""
        eventually(self.student.answers, 120, f"the server of {self.student.name} answers")
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
        """Have ten students set to work."""
        self.hosts.play("tests/lab/access.yml")
        hub = Hub(json.loads((DIRECTORY / "access.json").read_text()))
        with ThreadPoolExecutor(STUDENTS) as pool:
            names = [f"student-{number}" for number in range(STUDENTS)]
            self.desks = list(pool.map(lambda name: Desk.of(hub, name), names))

    def disturbed(self) -> list[str]:
        """The students whose kernels lost their variable, or whose servers are not back from a node that is gone."""
        with ThreadPoolExecutor(STUDENTS) as pool:
            fine = pool.map(lambda desk: desk.works() if desk.node in self.nodes else desk.is_back(), self.desks)
            return [desk.student.name for desk, is_fine in zip(self.desks, fine, strict=True) if not is_fine]

    @property
    def nodes(self) -> list[str]:
        return list(self.inventory["nodes"]["hosts"])


def change_a_setting(cluster: Cluster) -> None:
    cluster.variables["jupyterhub_idle_timeout_seconds"] = 4000


def setting_shows(cluster: Cluster) -> bool:
    return '"idle_timeout_seconds": 4000' in cluster.on_hub("cat", "/etc/galilean/main/hub.json")


def change_the_image(cluster: Cluster) -> None:
    """Name another notebook image by its digest: a layer more than the one there is."""
    configuration = json.loads(cluster.on_hub("cat", "/etc/galilean/main/hub.json"))
    image = configuration["spawner"]["image"]
    name = f"{image.partition('@')[0]}-next"
    build = f"docker build --quiet --tag {name} - && docker push --quiet {name}"
    cluster.hosts.lab.pipe("jupiter", f"FROM {image}\nLABEL next=true\n", "sh", "-c", build)
    form = "{{index .RepoDigests 0}}"
    cluster.variables["images_notebook_image"] = cluster.on_hub("docker", "image", "inspect", "--format", form, name)


def image_shows(cluster: Cluster) -> bool:
    return cluster.variables["images_notebook_image"] in cluster.on_hub("cat", "/etc/galilean/main/hub.json")


def renew_certificates(cluster: Cluster) -> None:
    """Have the cluster's own certificates last longer, which renews them all, and give the public one by hand."""
    for role in ("swarm_tls", "keeper", "registry"):
        cluster.variables[f"{role}_certificate_validity_days"] = 420
        cluster.variables[f"{role}_certificate_renew_before_days"] = 400
    certificate, key = Authority.of(cluster.hosts.lab).issue("localhost", ExtendedKeyUsageOID.SERVER_AUTH)
    for name, text in (("proxy_certificate", certificate), ("proxy_private_key", key)):
        path = WORK / f"{name}.pem"
        path.write_text(text)
        cluster.variables[name] = str(path)


def certificates_show(cluster: Cluster) -> bool:
    look = f"openssl x509 -in /etc/galilean/tls/server.pem -noout -checkend {400 * 86400}"
    served = "openssl s_client -connect localhost:$0 </dev/null 2>/dev/null | openssl x509 -noout -subject"
    subject = cluster.on_hub("sh", "-c", served, "8463")
    return "will not expire" in cluster.on_hub("sh", "-c", look) and "localhost" in subject


def enlarge_the_class(cluster: Cluster) -> None:
    """More students than before, and a network that could not be made without cutting off those who work."""
    cluster.variables |= {"cluster_class_size": 60, "swarm_overlay_subnet": "10.80.0.0/19"}


def class_shows(cluster: Cluster) -> bool:
    form = "{{(index .IPAM.Config 0).Subnet}}"
    return cluster.on_hub("docker", "network", "inspect", "--format", form, "galilean-main") == "10.80.0.0/20"


def add_a_node(cluster: Cluster) -> None:
    europa = cluster.inventory["nodes"]["hosts"]["europa"]
    callisto = {name: value.replace("europa", "callisto").replace(".13", ".14") for name, value in europa.items()}
    cluster.inventory["nodes"]["hosts"]["callisto"] = callisto
    cluster.hosts.play("tests/lab/create.yml", *cluster.options(), "--limit", "callisto")


def node_shows(cluster: Cluster) -> bool:
    return cluster.hosts.lab.ready_nodes() == {"jupiter", *cluster.nodes}


def remove_a_node(cluster: Cluster) -> None:
    """Without a word that servers may be moved the run is refused, and nobody notices."""
    del cluster.inventory["nodes"]["hosts"]["io"]
    refused = Site(*cluster.options())
    if not refused.process.wait() or REFUSAL not in " ".join(refused.told().split()):
        raise RunError(f"a run that would stop servers was not refused:\n{refused.told()}")
    lost = [desk.student.name for desk in cluster.desks if not desk.works()]
    if lost:
        raise RunError(f"the run that was refused disturbed {', '.join(lost)}")
    cluster.variables["drain_moves_servers"] = True


CHANGES = (
    Change("a hub setting", change_a_setting, setting_shows),
    Change("the notebook image", change_the_image, image_shows),
    Change("certificates", renew_certificates, certificates_show),
    Change("the size of the class", enlarge_the_class, class_shows),
    Change("a node more", add_a_node, node_shows),
    Change("a node less", remove_a_node, node_shows),
)


def ends(change: Change, tasks: Sequence[Task], seed: int) -> list[dict[str, float]]:
    """Where runs of the change are killed: after one to three tasks that changed something; first of all in a drain."""
    drawn = random.Random(f"{seed} {change.name}")
    drain = next(task.number for task in tasks if task.name.startswith("drain : Take out"))
    in_drain = [{"stop_at": drain, "after": 2}] if change.make is remove_a_node else []
    return [*in_drain, {"changes": drawn.randint(1, 3)}]


def try_changes(hosts: Hosts, seed: int, tell: Callable[[Sequence[str], float, str], None]) -> None:
    """Make all changes on one cluster, and tell of each where it was killed, and what the next run made of it."""
    cluster = Cluster(hosts)
    cluster.open()
    for change in CHANGES:
        where, seconds = [], 0.0
        try:
            change.make(cluster)
            for end in ends(change, hosts.tasks, seed):
                run = Site(*cluster.options(), **end)
                if run.stopped():
                    run.kill()
                    last = run.tasks()[-1]
                    where.append(f"{last.phase}: {last.name}")
            seconds = hosts.run_to_the_end(*cluster.options())
            fault = "" if change.shows(cluster) else "the change does not show\n"
            if lost := cluster.disturbed():
                fault += f"disturbed: {', '.join(lost)}\n"
        except (RunError, AssertionError) as error:
            fault = str(error)
        tell([f"{change.name}, killed after {' and '.join(where) or 'it was made'}"], seconds, fault)
