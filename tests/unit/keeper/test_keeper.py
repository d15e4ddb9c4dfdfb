"""The real keeper on loopback, with real certificates; it has to run as root to give homes away."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.galilean.hub.plugins.plugin_utils import certificates as ca
from ansible_collections.galilean.hub.plugins.plugin_utils.authority import ensure_authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parents[3] / "roles" / "keeper" / "files" / "keeper.py"
DEADLINE_SECONDS = 600
LOWEST, HIGHEST = 200000, 200099
CLIENTS = {
    "hub": ("own", "client", "hub.main"),
    "other hub": ("own", "client", "hub.other"),
    "hub of nothing": ("own", "client", "hub.nothing"),
    "node": ("own", "client", "node.io"),
    "server": ("own", "server", "hub.main"),
    "stranger": ("foreign", "client", "hub.main"),
}


def asked(user: str = "ada", quota_bytes: int = 0) -> str:
    """The body of a request."""
    return json.dumps({"user": user, "quota_bytes": quota_bytes})


ASKED = asked()


def make_certificate(directory: Path, name: str, authority: ca.Authority, identity: ca.Identity) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public_key = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    certificate = ca.issue(identity, public_key.decode(), authority, datetime.now(UTC), timedelta(days=1))
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / f"{name}.pem").write_text(ca.to_pem(certificate) + private_key.decode())


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    authorities = {
        name: ensure_authority(directory / name, DataLoader(), datetime.now(UTC)) for name in ("own", "foreign")
    }
    for name, (authority, usage, holder) in CLIENTS.items():
        make_certificate(directory, name, authorities[authority], ca.identity(usage, holder, [holder], []))
    make_certificate(directory, "keeper", authorities["own"], ca.identity("server", "io", [], ["127.0.0.1"]))
    return directory


@dataclass
class Keeper:
    """A keeper that runs, and the directories it works on."""

    directory: Path
    certificates: Path
    process: subprocess.Popen[str] = field(init=False)
    port: int = field(init=False)

    @property
    def homes(self) -> Path:
        return self.directory / "homes" / "main"

    def start(self) -> None:
        settings = {
            "address": "127.0.0.1",
            "port": 0,
            "homes_directory": str(self.directory / "homes"),
            "skeleton_directory": str(self.directory / "skeleton"),
            "uid_minimum": LOWEST,
            "uid_maximum": HIGHEST,
            "ca_path": str(self.certificates / "own" / "ca.pem"),
            "certificate_path": str(self.directory / "keeper.pem"),
            "private_key_path": str(self.directory / "keeper.pem"),
        }
        (self.directory / "keeper.json").write_text(json.dumps(settings))
        command = [sys.executable, "-I", str(PROGRAM), str(self.directory / "keeper.json")]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = int(self.read_line().split(":")[1].split()[0])

    def read_line(self) -> str:
        assert self.process.stderr
        return self.process.stderr.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=DEADLINE_SECONDS)

    def context(self, client: str | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificates / "own" / "ca.pem"))
        if client:
            context.load_cert_chain(str(self.certificates / f"{client}.pem"))
        return context

    def request(self, method: str, path: str, body: str | None = ASKED, client: str | None = "hub") -> tuple[int, Any]:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.context(client), timeout=DEADLINE_SECONDS
        )
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def ensure(self, slug: str, client: str = "hub", user: str = "ada") -> dict[str, Any]:
        status, answer = self.request("PUT", f"/v1/homes/{slug}", asked(user), client=client)
        assert status == http.HTTPStatus.OK, answer
        return dict(answer)

    def refusal(self, slug: str, client: str = "hub", user: str = "ada") -> tuple[int, str]:
        status, answer = self.request("PUT", f"/v1/homes/{slug}", asked(user), client=client)
        return status, answer["error"]


@pytest.fixture
def keeper(tmp_path: Path, certificates: Path) -> Iterator[Keeper]:
    (tmp_path / "homes" / "main").mkdir(parents=True)
    (tmp_path / "homes" / "other").mkdir()
    skeleton = tmp_path / "skeleton"
    (skeleton / ".config" / "empty").mkdir(parents=True)
    (skeleton / ".profile").write_text("umask 027\n")
    (skeleton / ".config" / "secret").write_text("mine")
    (skeleton / ".config" / "secret").chmod(0o600)
    (skeleton / "link").symlink_to("/etc/shadow")
    (tmp_path / "keeper.pem").write_bytes((certificates / "keeper.pem").read_bytes())
    keeper = Keeper(tmp_path, certificates)
    keeper.start()
    yield keeper
    keeper.kill()


def attributes(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def test_a_home_is_private_to_an_owner_of_its_own_and_begins_with_the_skeleton(keeper: Keeper) -> None:
    home = keeper.homes / "ada-12345678"
    made = {"uid": LOWEST, "gid": LOWEST, "path": str(home), "created": True, "quota_bytes": 0}
    assert keeper.ensure(home.name) == made
    assert attributes(home) == (LOWEST, LOWEST, 0o700)
    assert (home / ".profile").read_text() == "umask 027\n"
    assert attributes(home / ".config" / "secret") == (LOWEST, LOWEST, 0o600)
    assert attributes(home / ".config" / "empty")[:2] == (LOWEST, LOWEST)
    assert (home / "link").readlink() == Path("/etc/shadow")
    assert attributes(home / "link")[:2] == (LOWEST, LOWEST)
    assert Path("/etc/shadow").stat().st_uid == 0


def test_asking_again_changes_nothing(keeper: Keeper) -> None:
    first = keeper.ensure("ada")
    (keeper.homes / "ada" / ".profile").unlink()
    assert keeper.ensure("ada") == {**first, "created": False}
    assert not (keeper.homes / "ada" / ".profile").exists()


def test_each_home_has_another_owner_also_across_instances(keeper: Keeper) -> None:
    uids = [keeper.ensure("ada")["uid"], keeper.ensure("ada", client="other hub")["uid"], keeper.ensure("bob")["uid"]]
    assert uids == [LOWEST, LOWEST + 1, LOWEST + 2]
    assert attributes(keeper.directory / "homes" / "other" / "ada")[0] == LOWEST + 1


def test_a_home_that_exists_keeps_its_owner_and_new_ones_come_after_it(keeper: Keeper) -> None:
    restored = keeper.homes / "restored"
    restored.mkdir(mode=0o750)
    os.chown(restored, LOWEST + 40, 5000)
    answer = {"uid": LOWEST + 40, "gid": 5000, "path": str(restored), "created": False, "quota_bytes": 0}
    assert keeper.ensure("restored") == answer
    assert attributes(restored) == (LOWEST + 40, 5000, 0o750)
    assert keeper.ensure("new")["uid"] == LOWEST + 41


def test_a_home_is_nobody_elses_however_the_keeper_came_to_know_it(keeper: Keeper) -> None:
    keeper.ensure("made", user="ada")
    (keeper.homes / "found").mkdir()
    os.chown(keeper.homes / "found", LOWEST + 40, LOWEST + 40)
    keeper.ensure("found", user="ada")
    keeper.kill()
    keeper.start()
    for name in ("made", "found"):
        refused = http.HTTPStatus.CONFLICT, f"the home main/{name} is that of another user"
        assert keeper.refusal(name, user="eve") == refused
        assert not keeper.ensure(name, user="ada")["created"]
    assert keeper.ensure("made", client="other hub", user="eve")["created"]


def test_whose_home_it_is_outlives_the_home_and_its_uid(keeper: Keeper) -> None:
    keeper.ensure("gone", user="ada")
    keeper.ensure("restored", user="ada")
    (keeper.homes / "gone").rename(keeper.directory / "archived")
    os.chown(keeper.homes / "restored", 5000, 5000)
    for name in ("gone", "restored"):
        assert keeper.refusal(name, user="eve")[0] == http.HTTPStatus.CONFLICT
    assert os.listdir(keeper.homes) == ["restored"]
    assert keeper.ensure("restored", user="ada")["uid"] == 5000
    assert keeper.ensure("gone", user="ada")["created"]


def test_a_plain_copy_of_the_homes_knows_whose_they_are_and_only_root_reads_it(keeper: Keeper) -> None:
    keeper.ensure("ada", user="ada")
    keeper.kill()
    homes = keeper.directory / "homes"
    subprocess.run(["cp", "--recursive", "--preserve=ownership", homes, keeper.directory / "copy"], check=True)
    homes.rename(keeper.directory / "lost")
    (keeper.directory / "copy").rename(homes)
    keeper.start()
    assert keeper.refusal("ada", user="eve")[0] == http.HTTPStatus.CONFLICT
    for path in (homes / ".galilean-owners").glob("**"):
        assert attributes(path) == (0, 0, 0o700)
    assert {attributes(path) for path in (homes / ".galilean-owners").iterdir()} == {(0, 0, 0o600)}


def test_an_owner_outside_the_range_does_not_move_the_range(keeper: Keeper) -> None:
    (keeper.homes / "moved").mkdir()
    os.chown(keeper.homes / "moved", 4000000, 4000000)
    assert keeper.ensure("moved")["uid"] == 4000000
    assert keeper.ensure("new")["uid"] == LOWEST


def test_forty_at_once_get_forty_homes_with_forty_owners(keeper: Keeper) -> None:
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(keeper.ensure, [f"user-{number}" for number in range(40)]))
    assert sorted(answer["uid"] for answer in answers) == list(range(LOWEST, LOWEST + 40))
    assert all(answer["created"] for answer in answers)


def test_a_home_is_made_while_others_are_taken_away(keeper: Keeper) -> None:
    def come_and_go() -> None:
        while not done.is_set():
            for number in range(40):
                (keeper.homes / f"away-{number}").mkdir()
            for number in range(40):
                (keeper.homes / f"away-{number}").rmdir()

    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(come_and_go)
        try:
            for number in range(60):
                assert keeper.ensure(f"user-{number}")["created"]
        finally:
            done.set()
    others.result()


def test_forty_at_once_for_one_user_get_one_home(keeper: Keeper) -> None:
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(keeper.ensure, ["ada"] * 40))
    assert {answer["uid"] for answer in answers} == {LOWEST}
    assert sum(answer["created"] for answer in answers) == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../other/ada",
        "ada/../bob",
        "ada/",
        "/ada",
        "%61da",
        "..%2fother",
        "%2e%2e",
        "ada?x=1",
        "ada#x",
        ".new-ada",
        "-rf",
        "Ada",
        "ada.b",
        "ada_b",
        "a" * 58,
        "a" * 5000,
    ],
)
def test_a_name_that_is_no_slug_is_refused(keeper: Keeper, name: str) -> None:
    status, error = keeper.refusal(name)
    assert (status, error[:22]) == (http.HTTPStatus.BAD_REQUEST, "the name of a home has")
    assert os.listdir(keeper.homes) == []


@pytest.mark.parametrize("path", ["/", "/v1/homes", "/v2/homes/ada", "/v1//homes/ada", "/v1/../v1/homes/ada"])
def test_no_other_path_is_served(keeper: Keeper, path: str) -> None:
    assert keeper.request("PUT", path)[0] == http.HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_no_other_verb_is_served(keeper: Keeper, method: str) -> None:
    keeper.ensure("ada")
    assert keeper.request(method, "/v1/homes/ada")[0] == http.HTTPStatus.NOT_IMPLEMENTED
    assert (keeper.homes / "ada").is_dir()


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "{",
        "\xff",
        "[]",
        "0",
        "{}",
        '{"user": "ada"}',
        '{"quota_bytes": 0}',
        '{"user": "ada", "quota_bytes": 0, "uid": 0}',
        '{"user": "", "quota_bytes": 0}',
        '{"user": 7, "quota_bytes": 0}',
        '{"user": "ada\\n", "quota_bytes": 0}',
        '{"user": "\\ud800", "quota_bytes": 0}',
        asked("a" * 256),
        '{"user": "ada", "quota_bytes": -1}',
        '{"user": "ada", "quota_bytes": true}',
        '{"user": "ada", "quota_bytes": 1e9}',
        '{"user": "ada", "quota_bytes": "1G"}',
        '{"user": "ada", "quota_bytes": null}',
        asked(quota_bytes=2**60 + 1),
        ASKED + " " * 4096,
    ],
)
def test_any_body_but_a_name_and_a_quota_is_refused(keeper: Keeper, body: str | None) -> None:
    assert keeper.request("PUT", "/v1/homes/ada", body)[0] == http.HTTPStatus.BAD_REQUEST
    assert os.listdir(keeper.homes) == []


@pytest.mark.parametrize(
    "header", [("Content-Length", "9" * 5000), ("Content-Length", "-1"), ("Transfer-Encoding", "chunked")]
)
def test_a_body_of_unknown_length_is_refused(keeper: Keeper, header: tuple[str, str]) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", keeper.port, context=keeper.context("hub"))
    connection.putrequest("PUT", "/v1/homes/ada")
    connection.putheader(*header)
    connection.endheaders()
    assert connection.getresponse().status == http.HTTPStatus.BAD_REQUEST
    connection.close()
    assert os.listdir(keeper.homes) == []


def test_without_quotas_in_the_file_system_no_home_that_wants_one_is_made(keeper: Keeper) -> None:
    refusal = {"error": "the file system of the homes has no quotas of users and projects"}
    body = asked(quota_bytes=1 << 20)
    assert keeper.request("PUT", "/v1/homes/ada", body) == (http.HTTPStatus.INTERNAL_SERVER_ERROR, refusal)
    assert "ada" not in os.listdir(keeper.homes)
    keeper.ensure("ada")
    assert keeper.request("PUT", "/v1/homes/ada", body) == (http.HTTPStatus.INTERNAL_SERVER_ERROR, refusal)


def test_a_link_in_the_place_of_a_home_is_refused_and_not_followed(keeper: Keeper) -> None:
    target = keeper.directory / "target"
    target.mkdir()
    for name, destination in (("link", target), ("dangling", keeper.directory / "nowhere")):
        (keeper.homes / name).symlink_to(destination)
        assert keeper.refusal(name) == (http.HTTPStatus.CONFLICT, f"{name} is not a directory")
    assert attributes(target)[0] == 0
    assert os.listdir(target) == []


def test_a_link_in_the_place_of_an_unfinished_home_is_not_followed(keeper: Keeper) -> None:
    target = keeper.directory / "target"
    target.mkdir()
    (target / "file").touch()
    (keeper.homes / ".new-ada").symlink_to(target)
    assert keeper.refusal("ada")[0] == http.HTTPStatus.INTERNAL_SERVER_ERROR
    assert os.listdir(target) == ["file"]


def test_a_link_in_the_place_of_the_instance_is_refused(keeper: Keeper) -> None:
    (keeper.directory / "homes" / "nothing").symlink_to(keeper.homes)
    assert keeper.refusal("ada", client="hub of nothing")[0] == http.HTTPStatus.INTERNAL_SERVER_ERROR
    assert os.listdir(keeper.homes) == []


def test_the_directory_of_an_instance_is_never_made(keeper: Keeper) -> None:
    assert keeper.refusal("ada", client="hub of nothing")[0] == http.HTTPStatus.INTERNAL_SERVER_ERROR
    assert not (keeper.directory / "homes" / "nothing").exists()


def test_a_home_of_a_system_account_is_refused(keeper: Keeper) -> None:
    (keeper.homes / "root").mkdir()
    assert keeper.refusal("root") == (http.HTTPStatus.CONFLICT, "root belongs to a system account, 0:0")


def test_uids_of_homes_that_were_moved_away_do_not_come_back(keeper: Keeper) -> None:
    names = ["ada", "bob", "cyd"]
    before = [keeper.ensure(name)["uid"] for name in names]
    for name in names:
        (keeper.homes / name).rename(keeper.directory / f"archived-{name}")
    keeper.kill()
    keeper.start()
    assert {keeper.ensure(name)["uid"] for name in ("eve", "fay")}.isdisjoint(before)
    (keeper.directory / "archived-bob").rename(keeper.homes / "bob")
    assert keeper.ensure("bob")["uid"] == before[1]
    # Made anew, or brought back: a home is of the same user, and so of the same uid.
    assert keeper.ensure("ada")["uid"] == before[0]


@pytest.mark.parametrize("uid", [HIGHEST, HIGHEST - 1])
def test_a_home_at_the_end_of_the_range_takes_nobodys_uid(keeper: Keeper, uid: int) -> None:
    (keeper.homes / "last").mkdir()
    os.chown(keeper.homes / "last", uid, uid)
    uids = {keeper.ensure(f"user-{number}")["uid"] for number in range(4)}
    assert len(uids | {uid}) == 5
    assert keeper.ensure("last")["uid"] == uid


def test_the_last_uid_is_given_and_then_nothing_is_made(keeper: Keeper) -> None:
    owners = keeper.directory / "homes" / ".galilean-owners"
    owners.mkdir()
    for uid in {*range(LOWEST, HIGHEST + 1)} - {LOWEST + 7}:
        (owners / f"{uid}.main.user-{uid}").write_text("ada\n")
    assert keeper.ensure("ada")["uid"] == LOWEST + 7
    refusal = http.HTTPStatus.INTERNAL_SERVER_ERROR, "no uid is left between 200000 and 200099"
    assert keeper.refusal("bob") == refusal
    assert os.listdir(keeper.homes) == ["ada"]


def test_two_homes_of_one_uid_are_refused_by_name(keeper: Keeper) -> None:
    for name in ("ada", "bob", "cyd"):
        keeper.ensure(name)
    for name in ("ada", "bob"):
        os.chown(keeper.homes / name, 1000, 1000)
    refused = http.HTTPStatus.CONFLICT
    assert keeper.refusal("ada") == (refused, "the home main/ada has the uid 1000, which is that of the home main/bob")
    assert keeper.refusal("bob") == (refused, "the home main/bob has the uid 1000, which is that of the home main/ada")
    os.chown(keeper.homes / "bob", LOWEST + 2, LOWEST + 2)
    assert keeper.refusal("bob") == (
        refused,
        "the home main/bob has the uid 200002, which is that of the home main/cyd",
    )
    assert keeper.ensure("cyd")["uid"] == LOWEST + 2
    assert keeper.ensure("ada")["uid"] == 1000


def test_the_uid_of_a_home_that_is_away_is_no_other_homes(keeper: Keeper) -> None:
    uid = keeper.ensure("ada")["uid"]
    (keeper.homes / "ada").rename(keeper.directory / "homes" / "other" / "bob")
    refused = http.HTTPStatus.CONFLICT, f"the home other/bob has the uid {uid}, which is that of the home main/ada"
    assert keeper.refusal("bob", client="other hub") == refused


def test_a_group_of_a_home_is_no_new_homes(keeper: Keeper) -> None:
    (keeper.homes / "restored").mkdir()
    os.chown(keeper.homes / "restored", 5000, LOWEST)
    assert keeper.ensure("new")["uid"] == LOWEST + 1


def test_a_home_that_cannot_be_made_takes_no_uid(keeper: Keeper) -> None:
    body = asked(quota_bytes=1 << 20)
    for _attempt in range(3):
        assert keeper.request("PUT", "/v1/homes/ada", body)[0] == http.HTTPStatus.INTERNAL_SERVER_ERROR
    assert keeper.ensure("bob")["uid"] == LOWEST


def test_a_certificate_that_is_no_hubs_is_refused(keeper: Keeper) -> None:
    assert keeper.refusal("ada", client="node") == (http.HTTPStatus.FORBIDDEN, "only a hub may ask for homes")
    assert os.listdir(keeper.homes) == []


@pytest.mark.parametrize("client", [None, "stranger", "server"])
def test_without_a_clients_certificate_of_our_authority_nothing_is_answered(keeper: Keeper, client: str | None) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        keeper.request("PUT", "/v1/homes/ada", client=client)
    assert os.listdir(keeper.homes) == []


def test_what_a_crash_left_behind_is_cleaned_away(keeper: Keeper) -> None:
    keeper.kill()
    for name in (".new-ada", ".new-bob"):
        (keeper.homes / name / "deep").mkdir(parents=True)
        os.chown(keeper.homes / name / "deep", LOWEST + 7, LOWEST + 7)
    keeper.start()
    keeper.ensure("ada")
    assert os.listdir(keeper.homes) == ["ada"]
    assert sorted(os.listdir(keeper.homes / "ada")) == [".config", ".profile", "link"]


def test_a_keeper_killed_at_any_moment_leaves_whole_homes_or_none(keeper: Keeper) -> None:
    for number in range(300):
        (keeper.directory / "skeleton" / f"file-{number}").write_text("x")
    for delay_milliseconds in range(0, 100, 10):
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(keeper.ensure, f"user-{delay_milliseconds}-{number}") for number in range(4)]
            time.sleep(delay_milliseconds / 1000)
            keeper.process.send_signal(signal.SIGKILL)
        assert all(call.done() for call in calls)
        keeper.kill()
        for home in keeper.homes.iterdir():
            if not home.name.startswith(".new-"):
                assert len(os.listdir(home)) == len(os.listdir(keeper.directory / "skeleton"))
                assert attributes(home)[0] >= LOWEST
        keeper.start()
    answers = [keeper.ensure(f"user-90-{number}") for number in range(4)]
    assert len({answer["uid"] for answer in answers}) == len(answers)
    assert not list(keeper.homes.glob(".new-*"))


def test_a_client_that_never_finishes_its_handshake_keeps_nobody_waiting(keeper: Keeper) -> None:
    silent = [socket.create_connection(("127.0.0.1", keeper.port)) for _turn in range(20)]
    keeper.ensure("ada")
    given_up, _writable, _failed = select.select(silent, [], [], 0)
    assert len(given_up) < len(silent)
    for connection in silent:
        connection.close()


def test_a_connection_serves_several_requests(keeper: Keeper) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", keeper.port, context=keeper.context("hub"))
    for name in ("ada", "bob"):
        connection.request("PUT", f"/v1/homes/{name}", ASKED)
        assert json.loads(connection.getresponse().read())["created"]
    connection.close()


def test_a_reload_takes_up_the_new_certificate_and_keeps_the_old_when_the_new_is_broken(keeper: Keeper) -> None:
    def serial_number() -> str:
        with (
            socket.create_connection(("127.0.0.1", keeper.port)) as connection,
            keeper.context("hub").wrap_socket(connection, server_hostname="127.0.0.1") as tls,
        ):
            return str((tls.getpeercert() or {})["serialNumber"])

    def reload() -> str:
        keeper.process.send_signal(signal.SIGHUP)
        return keeper.read_line()

    established = http.client.HTTPSConnection("127.0.0.1", keeper.port, context=keeper.context("hub"))
    established.connect()
    before = serial_number()
    authority = ensure_authority(keeper.certificates / "own", DataLoader(), datetime.now(UTC))
    make_certificate(keeper.directory, "keeper", authority, ca.identity("server", "io", [], ["127.0.0.1"]))
    assert reload() == "read the certificates again\n"
    after = serial_number()
    assert after != before
    (keeper.directory / "keeper.pem").write_text("broken")
    assert reload().startswith("the certificates in use are kept")
    assert serial_number() == after
    established.request("PUT", "/v1/homes/ada", ASKED)
    assert established.getresponse().status == http.HTTPStatus.OK
    established.close()


def test_the_journal_names_each_home_once(keeper: Keeper) -> None:
    keeper.ensure("ada")
    keeper.ensure("ada")
    keeper.ensure("bob")
    assert keeper.read_line() == "made the home ada of main, owner 200000\n"
    assert keeper.read_line() == "made the home bob of main, owner 200001\n"
