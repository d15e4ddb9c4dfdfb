"""Measure the lab and write the table of docs/benchmarks.md.

Every figure is measured in this one run on this one machine; compare figures of one table only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from client import Hub, eventually
from lab import Lab

LAB = "bench"
PORT = "8453"
ENVIRONMENT = {**os.environ, "GALILEAN_LAB": LAB, "GALILEAN_HTTPS_PORT": PORT}
OURS = "http://127.0.0.1:8000"
STOCK = "http://127.0.0.1:8100"
STOCK_TOKEN = "benchmark-of-the-stock-spawner"
REPEATS = 5
MANY = 20
IDLE = 100
IDLE_SECONDS = 120


def seconds_of(action: Callable[[], Any]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def make(*targets: str, checkout: Path = ROOT) -> None:
    subprocess.run(["make", *targets], cwd=checkout, env=ENVIRONMENT, check=True)


class Installation:
    """How long a cluster takes to be made, and to be looked over again."""

    def rows(self) -> Iterator[tuple[str, str]]:
        with tempfile.TemporaryDirectory() as directory:
            checkout = Path(directory) / "hub"
            subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
            self.forget_images()
            nothing = seconds_of(lambda: make("hub", checkout=checkout))
            make("down", checkout=checkout)
        cached = seconds_of(lambda: make("hub"))
        again = seconds_of(lambda: self.ansible("ansible-playbook", "playbooks/site.yml"))
        ping = statistics.median(seconds_of(lambda: self.ansible("ansible", "all", "-m", "ping")) for _turn in range(3))
        yield "`make hub` from nothing", f"{nothing:.0f} s"
        yield "`make hub` with the hosts' images cached", f"{cached:.0f} s"
        yield "a second `site.yml`", f"{again:.1f} s"
        yield "`ansible all -m ping`", f"{ping:.1f} s"
        yield "a second `site.yml` in pings (aim: 20 or fewer)", f"{again / ping:.1f}"

    def forget_images(self) -> None:
        listing = ["docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}"]
        listing += [f"--filter=reference=galilean-{image}" for image in ("debian", "host", "mirror")]
        images = set(subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split())
        if images:
            subprocess.run(["docker", "image", "rm", "--force", *images], check=True, capture_output=True)

    def ansible(self, *command: str) -> None:
        subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=True, capture_output=True)


class Starts:
    """From "start" to the first HTTP answer, and what 100 idle servers ask of the engine."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.access = json.loads((ROOT / ".lab" / lab.name / "access.json").read_text())
        self.hub = Hub(self.access)
        self.network = "galilean-main"
        self.image = self.on_hub("docker", "container", "inspect", "--format", "{{.Config.Image}}", "galilean-hub-main")
        self.proxy = self.on_hub(
            "docker", "container", "inspect", "--format", "{{.Config.Image}}", "galilean-proxy-main"
        )

    def on_hub(self, *command: str) -> str:
        return self.lab.run("jupiter", *command)

    def rows(self) -> Iterator[tuple[str, str]]:
        with self.stock_hub():
            self.measure(OURS, self.access["admin_token"], ["warm-up"])
            self.measure(STOCK, STOCK_TOKEN, ["warm-up"])
            floor = self.floor()
            ours, stock = [], []
            for turn in range(REPEATS):
                ours += self.measure(OURS, self.access["admin_token"], [f"one-{turn}"])
                stock += self.measure(STOCK, STOCK_TOKEN, [f"one-{turn}"])
            ours_one, stock_one = statistics.median(ours), statistics.median(stock)
            yield "start of one server: `docker service create`", f"{floor:.2f} s"
            yield "start of one server: ours", f"{ours_one:.2f} s"
            yield "start of one server: stock SwarmSpawner", f"{stock_one:.2f} s"
            yield "ours in `docker service create` (aim: 1.25 or less)", f"{ours_one / floor:.2f}"
            names = [f"many-{number}" for number in range(MANY)]
            ours_many = self.measure(OURS, self.access["admin_token"], names)
            stock_many = self.measure(STOCK, STOCK_TOKEN, names)
            for whose, figures in (("ours", ours_many), ("stock SwarmSpawner", stock_many)):
                median, last = statistics.median(figures), max(figures)
                yield f"start of {MANY} at once: {whose}", f"median {median:.1f} s, last {last:.1f} s"
        yield f"engine API calls a minute with {IDLE} idle servers: ours", f"{self.idle_calls(OURS):.0f}"
        with self.stock_hub():
            self.on_hub("systemctl", "stop", "galilean-hub@main")
            yield f"engine API calls a minute with {IDLE} idle servers: stock", f"{self.idle_calls(STOCK):.0f}"
            self.on_hub("systemctl", "start", "galilean-hub@main")

    def measure(self, url: str, token: str, names: list[str], keep: bool = False) -> list[float]:
        """Seconds to the first answer of each, all started at once; they are stopped afterwards unless kept."""
        script = (ROOT / "tests/bench/measure.py").read_text()
        given = json.dumps({"url": url, "token": token, "names": names})
        figures = json.loads(self.lab.pipe("jupiter", given, "python3", "-c", script))
        if not keep:
            self.remove(url, token, names)
        return list(figures)

    def remove(self, url: str, token: str, names: list[str]) -> None:
        """Stop the servers, and take the users away when the last service is gone."""
        self.delete(token, [f"{url}/hub/api/users/{name}/server" for name in names])
        prefixes = "|".join(re.escape(name) for name in names)
        listing = ["docker", "service", "ls", "--format", "{{.Name}}"]
        eventually(lambda: not re.search(rf"-({prefixes})", self.on_hub(*listing)), "the services are gone")
        users = [f"{url}/hub/api/users/{name}" for name in names]
        eventually(lambda: all(status == "204" for status in self.delete(token, users)), "the users are gone")

    def delete(self, token: str, addresses: list[str]) -> list[str]:
        """The statuses of the answers; what is gone already counts as deleted now."""
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE"]
        command += ["-H", f"Authorization: token {token}"]
        with ThreadPoolExecutor(MANY) as pool:
            statuses = pool.map(lambda address: self.on_hub(*command, address), addresses)
            return ["204" if status == "404" else status for status in statuses]

    def floor(self) -> float:
        """Median seconds of a bare service of the same image, environment and mounts, to its first answer."""
        with self.server_spec() as spec:
            return statistics.median(self.bare_service(spec, turn) for turn in range(REPEATS))

    @contextmanager
    def server_spec(self) -> Iterator[dict[str, Any]]:
        """The specification of a student's service that runs meanwhile, so that its token and its home are good."""
        with self.hub.student("floor") as student:
            student.start()
            name = self.on_hub(
                "docker", "service", "ls", "--filter", "label=galilean.user=floor", "--format", "{{.Name}}"
            )
            yield json.loads(self.on_hub("docker", "service", "inspect", "--format", "{{json .Spec}}", name))

    def bare_service(self, spec: dict[str, Any], turn: int) -> float:
        container = spec["TaskTemplate"]["ContainerSpec"]
        name = f"floor-{turn}"
        options = [f"--env={variable}" for variable in container["Env"]]
        options += [
            f"--mount=type={mount['Type']},source={mount['Source']},target={mount['Target']}"
            f"{',readonly' if mount.get('ReadOnly') else ''}"
            for mount in container["Mounts"]
        ]
        began = time.monotonic()
        self.on_hub(
            "docker", "service", "create", "--quiet", "--detach", "--name", name, "--network", self.network,
            "--endpoint-mode", "dnsrr", "--constraint", "node.labels.galilean.servers==true", "--no-resolve-image",
            "--user", container["User"], *options, container["Image"], "jupyterhub-singleuser",
        )  # fmt: skip
        knock = (
            "import time, urllib.request\n"
            "while True:\n"
            f"    try: urllib.request.urlopen('http://{name}:8888/user/floor/api', timeout=5); break\n"
            f"    except OSError: time.sleep(0.05)\n"
        )
        self.on_hub("docker", "exec", "galilean-hub-main", "python", "-c", knock)
        seconds = time.monotonic() - began
        self.on_hub("docker", "service", "rm", name)
        return seconds

    @contextmanager
    def stock_hub(self) -> Iterator[None]:
        """A hub with the stock spawner beside ours, with a proxy of its own."""
        config = (ROOT / "tests/bench/stock_jupyterhub_config.py").read_text()
        self.on_hub("mkdir", "-p", "/run/stock")
        self.on_hub("python3", "-c", "import sys; open('/run/stock/config.py', 'w').write(sys.argv[1])", config)
        self.on_hub(
            "docker", "run", "--detach", "--name", "stock-proxy", "--network", self.network, "--user", "0",
            "--publish", "127.0.0.1:8100:8000", "--volume", "/run/stock:/run/stock",
            "--env", f"CONFIGPROXY_AUTH_TOKEN={STOCK_TOKEN}", "--entrypoint", "configurable-http-proxy", self.proxy,
            "--ip", "0.0.0.0", "--port", "8000", "--api-socket", "/run/stock/api.sock",
        )  # fmt: skip
        self.on_hub(
            "docker", "run", "--detach", "--name", "stock-hub", "--network", self.network, "--user", "0",
            "--network-alias", "stock-hub", "--volume", "/run/stock:/run/stock",
            "--volume", "/run/docker.sock:/var/run/docker.sock",
            "--volume", "/etc/galilean/instances/main:/etc/galilean:ro",
            "--env", f"BENCH_TOKEN={STOCK_TOKEN}", "--env", f"CONFIGPROXY_AUTH_TOKEN={STOCK_TOKEN}",
            self.image, "jupyterhub", "--config", "/run/stock/config.py",
        )  # fmt: skip
        try:
            health = ["curl", "-sf", f"{STOCK}/hub/health", "-o", "/dev/null", "-w", "%{http_code}"]
            eventually(lambda: self.lab.run("jupiter", *health, check=False) == "200", "the stock hub answers")
            yield
        finally:
            self.lab.run("jupiter", "docker", "rm", "--force", "stock-hub", "stock-proxy", check=False)
            self.lab.run("jupiter", "rm", "--recursive", "--force", "/run/stock")

    def idle_calls(self, url: str) -> float:
        """Calls a minute that reach the engine while IDLE servers do nothing."""
        token = self.access["admin_token"] if url == OURS else STOCK_TOKEN
        names = [f"idle-{number}" for number in range(IDLE)]
        self.measure(url, token, names, keep=True)
        self.debug(True)
        time.sleep(5)
        since = self.on_hub("date", "+%s")
        time.sleep(IDLE_SECONDS)
        journal = self.on_hub("journalctl", "-u", "docker", "--since", f"@{since}", "-o", "cat", "--no-pager")
        self.debug(False)
        self.remove(url, token, names)
        return journal.count("Calling ") / IDLE_SECONDS * 60

    def debug(self, on: bool) -> None:
        """Whether the engine logs each call of its API, by a reload."""
        script = (
            "import json, sys\n"
            "path = '/etc/docker/daemon.json'\n"
            "options = json.load(open(path))\n"
            f"options['debug'] = {on}\n"
            "json.dump(options, open(path, 'w'))\n"
        )
        self.on_hub("python3", "-c", script)
        self.on_hub("systemctl", "reload", "docker")


def table(rows: list[tuple[str, str]]) -> str:
    width = max(len(what) for what, _figure in rows)
    lines = [f"| {'what':<{width}} | measured |", f"| {'-' * width} | --- |"]
    lines += [f"| {what:<{width}} | {figure} |" for what, figure in rows]
    return "\n".join(lines) + "\n"


def machine() -> str:
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) // 1048576
    return f"{os.cpu_count()} cores, {memory} GiB, Linux {platform.release()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab of the benchmark running")
    parser.add_argument("--only", choices=["installation", "starts"], help="measure only this, and write no document")
    arguments = parser.parse_args()
    rows: list[tuple[str, str]] = []
    for part, measured in (("installation", Installation), ("starts", lambda: Starts(Lab(LAB)))):
        if arguments.only in {None, part}:
            for row in measured().rows():
                print("{}: {}".format(*row), flush=True)
                rows.append(row)
    if not arguments.only:
        today = datetime.now(tz=UTC).date()
        heading = f"# Benchmarks\n\n`make bench` on {today}: {machine()}. Compare figures of one table only.\n\n"
        (ROOT / "docs/benchmarks.md").write_text(heading + table(rows))
    if not arguments.keep:
        make("down")


if __name__ == "__main__":
    main()
