"""What a student may count on, and what one may not do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from client import DEADLINE_SECONDS, Hub, Kernel, Student, eventually
from lab import NODES, Lab
from websocket import WebSocketConnectionClosedException

WHERE = "import os; print(os.environ['GALILEAN_NODE'])"
# Makes a repository whose author would like to add a kernel, and a link that leads to where kernels are.
PUBLISH = """
import os, shutil, subprocess
os.makedirs("/tmp/published")
open("/tmp/published/kernel.json", "w").close()
commit = ["-c", "user.name=x", "-c", "user.email=x", "commit", "--message=x"]
for arguments in (["init"], ["add", "."], commit):
    subprocess.run(["git", "-C", "/tmp/published", *arguments], check=True, capture_output=True)
os.chdir(os.path.expanduser("~"))
shutil.rmtree("course", ignore_errors=True)
os.makedirs(".local", exist_ok=True)
if not os.path.islink("innocent"):
    os.symlink(".local", "innocent")
"""
# Fills what a server can write to besides its home, and prints how many MiB went into each, then what else can be
# written to.
SPILL = """
import os

def fill(directory):
    written = 0
    with open(f"{directory}/spill", "wb", buffering=0) as file:
        try:
            while written < 3 << 30:
                written += file.write(bytes(1 << 20))
        except OSError:
            pass
    os.remove(f"{directory}/spill")
    return written >> 20

places = ["/dev/shm", "/tmp", "/var/tmp"]
print(*map(fill, places))
in_memory = {os.stat(place).st_dev for place in [*places, "/dev/mqueue"]}
for directory, directories, _files in os.walk("/"):
    if directory == "/":
        directories[:] = set(directories) - {"home", "proc", "sys"}
    if os.access(directory, os.W_OK) and os.stat(directory).st_dev not in in_memory:
        print(directory)
"""


@pytest.fixture(scope="module")
def curious(access: dict[str, Any]) -> Iterator[Student]:
    """A student whose server runs, for one attempt after the other."""
    with Hub(access).student("curious") as student:
        student.start()
        yield student


@pytest.mark.seldom
def test_a_server_is_reached_at_each_of_five_starts_on_alternating_nodes(placement: Lab, hub: Hub) -> None:
    with hub.student("wanderer") as student:
        for turn in range(5):
            here, there = NODES[turn % 2], NODES[(turn + 1) % 2]
            placement.activate(here)
            placement.pause(there)
            student.start()
            assert student.run(WHERE) == here
            student.stop()


def test_what_is_written_on_one_node_is_read_on_the_other(placement: Lab, hub: Hub) -> None:
    with hub.student("traveller") as student:
        placement.pause("europa")
        student.start()
        student.run("open('letter.txt', 'w').write('from io')")
        student.stop()
        placement.activate("europa")
        placement.pause("io")
        student.start()
        assert student.run(WHERE) == "europa"
        assert student.run("print(open('letter.txt').read())") == "from io"


def test_a_server_that_shuts_itself_down_stays_down(lab: Lab, hub: Hub) -> None:
    with hub.student("leaver") as student:
        student.start()
        assert student.request("POST", "/api/shutdown").ok
        eventually(lambda: not student.ready(), "the hub sees that the server is gone")
        time.sleep(15)
        assert not student.ready()
        assert "leaver" not in lab.run("jupiter", "docker", "service", "ls", "--format", "{{.Name}}")


@pytest.mark.seldom
def test_a_server_finds_the_hub_that_has_another_address(lab: Lab, hub: Hub) -> None:
    address = ["docker", "inspect", "--format", '{{(index .NetworkSettings.Networks "galilean-main").IPAddress}}']
    with hub.student("finder") as student:
        student.start()
        before = lab.run("jupiter", *address, "galilean-hub-main")
        lab.run("jupiter", "systemctl", "restart", "galilean-hub@main")
        eventually(hub.healthy, "the hub answers")
        assert lab.run("jupiter", *address, "galilean-hub-main") != before
        # The server keeps what the hub has told it of other tokens.
        token = hub.api("POST", "/users/finder/tokens")["token"]
        answer = student.request("GET", "/api/status", headers={"Authorization": f"token {token}"})
        assert answer.status_code == 200, answer.text


def test_a_student_fills_no_disk_of_the_node(hub: Hub) -> None:
    with hub.student("spiller") as student:
        student.start()
        # Half of the lab's memory limit each, of which some is in use.
        assert all(0 < int(mebibytes) <= 384 for mebibytes in student.run(SPILL).split())
        assert student.answers()


@pytest.mark.seldom
def test_an_idle_server_is_culled_and_an_active_one_is_not(lab: Lab, hub: Hub) -> None:
    run = lab.play("playbooks/hub.yml", "--extra-vars", "jupyterhub_idle_timeout_seconds=40")
    assert run.returncode == 0, run.output
    try:
        eventually(hub.healthy, "the hub answers")
        with hub.student("idle") as idle, hub.student("busy") as busy:
            idle.start()
            busy.start()
            kernel = busy.kernel()

            def culled() -> bool:
                assert kernel.run("print('at work')") == "at work"
                return not idle.ready()

            eventually(culled, "the idle server is culled")
            time.sleep(20)
            assert not idle.ready()
            assert busy.ready()
    finally:
        run = lab.play("playbooks/hub.yml")
        assert run.returncode == 0, run.output
        eventually(hub.healthy, "the hub answers")


def test_forty_students_start_at_once_and_none_is_turned_away(hub: Hub) -> None:
    names = [f"burst-{number:02d}" for number in range(40)]

    def learn(name: str) -> str:
        with hub.student(name) as student:
            student.start()
            everyone.wait()
            kernel = student.kernel()
            return eventually(lambda: answer(kernel), "the kernel answers")

    def answer(kernel: Kernel) -> str:
        """Nothing where the connection was lost, which Lab opens again: its ping does not wait for forty."""
        with suppress(WebSocketConnectionClosedException):
            return kernel.run("print(6 * 7)")
        return ""

    # All servers run at the same time before the first is stopped.
    everyone = threading.Barrier(len(names), timeout=DEADLINE_SECONDS)
    with ThreadPoolExecutor(len(names)) as pool:
        answers = list(pool.map(learn, names))
    assert answers == ["42"] * len(names)


def test_a_link_puts_files_into_folders_of_the_home_only(curious: Student) -> None:
    curious.run(PUBLISH)
    written = {}
    for target in ("course", ".ipython/x", "innocent/share/jupyter/kernels/x", "course/../../../tmp/x", "/tmp/y"):
        pull = {"repo": "/tmp/published", "targetpath": target}
        said = curious.request("GET", "/git-pull/api", params=pull).text
        path = f"os.path.join(os.path.expanduser('~'), {target!r}, 'kernel.json')"
        written[target] = '"phase": "finished"' in said, curious.run(f"import os; print(os.path.exists({path}))")
    assert written.pop("course") == (True, "True")
    assert set(written.values()) == {(False, "False")}, written
    page = curious.request("GET", "/git-pull", params={"repo": '"><script>alert(1)</script>'})
    assert page.ok
    assert "<script>alert" not in page.text


def test_a_folder_does_not_take_the_place_of_a_kernel(curious: Student) -> None:
    for name in ("ipykernel", "ipykernel_launcher"):
        curious.save(f"{name}.py", "raise SystemExit('followed')")
    curious.save("own.py", "words = 'of a module beside the notebook'")
    assert curious.run("import own; print(own.words)") == "of a module beside the notebook"


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        ("os.setuid(0)", "become root"),
        ("subprocess.run(['su', '-c', 'true'], check=True, stdin=subprocess.DEVNULL, capture_output=True)", "su"),
        ("subprocess.run(['sudo', '-n', 'true'], check=True, capture_output=True)", "sudo"),
        ("open('/etc/shadow').read()", "read shadow"),
        ("open('/etc/passwd', 'a').write('x')", "write passwd"),
        ("socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')", "the engine's socket"),
        ("os.mknod('/tmp/disk', 0o600 | 0o060000, os.makedev(254, 0))", "a device"),
        ("os.listdir('/etc/galilean')", "the cluster's certificates"),
        ("os.listdir('/run/secrets')", "secrets"),
    ],
)
def test_a_student_cannot(curious: Student, attempt: str, reason: str) -> None:
    code = f"""
import os, socket, subprocess
try:
    {attempt}
except (OSError, subprocess.CalledProcessError):
    print("refused")
"""
    assert curious.run(code) == "refused", reason
