"""Who gets into a host, and what is left of who left."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from client import eventually
from lab import ROOT
from testinfra.host import Host

RunModule = Callable[..., dict[str, Any]]
Keep = Callable[..., dict[str, Any]]
PEOPLE = yaml.safe_load((ROOT / "inventories/lab/group_vars/all.yml").read_text())["users_accounts"]
KEYS, RECORD, RULES = "/root/keys", "/var/lib/galilean/users/accounts.json", "/etc/sudoers.d/galilean-users"
SITE = "/etc/sudoers.d/zz-site"
SSH = f"ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i {KEYS}"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of a host with Debian 13, unless a test names others."""
    return str(getattr(request, "param", "europa"))


on_both_releases = pytest.mark.parametrize(
    "name", [pytest.param("io", marks=pytest.mark.seldom), "europa"], indirect=True
)


@pytest.fixture
def host(name: str, hosts: dict[str, Host]) -> Iterator[Host]:
    """A host where brahe and kepler have a pair of keys each, and no account yet."""
    host = hosts[name]
    for person in ("brahe", "kepler", "new"):
        host.check_output(
            f"mkdir -p {KEYS} && cd {KEYS} && [ -e {person} ] || ssh-keygen -q -t ed25519 -N '' -f {person}"
        )
    yield host
    host.check_output(f"rm -rf {KEYS}")


@pytest.fixture
def over_ssh(name: str, host: Host, addresses: dict[str, str], tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """Options by which a run comes as brahe, over SSH and through sudo, with the key of this name."""

    def options(key: str) -> tuple[str, ...]:
        private_key = tmp_path / key
        private_key.write_text(host.check_output(f"cat {KEYS}/{key}") + "\n")
        private_key.chmod(0o600)
        variables = {
            "ansible_become": True,
            "ansible_connection": "ssh",
            "ansible_host": addresses[name],
            "ansible_ssh_args": "-o ControlMaster=no -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            "ansible_ssh_private_key_file": str(private_key),
            "ansible_user": "brahe",
        }
        return ("--extra-vars", json.dumps(variables))

    return options


@pytest.fixture
def keep(name: str, host: Host, run_module: RunModule) -> Iterator[Keep]:
    """Keep these people beside those of the lab. In the end all of them are as if they had never been there."""

    def kept(*accounts: dict[str, Any], options: tuple[str, ...] = (), **arguments: Any) -> dict[str, Any]:
        return run_module(name, "users", {"accounts": [*PEOPLE, *accounts], **arguments}, *options)

    forget(host, kept)
    yield kept
    forget(host, kept)


def forget(host: Host, keep: Keep) -> None:
    """See off whoever is no person of the lab, and remove the accounts that stay."""
    record = json.loads(host.file(RECORD).content_string) if host.file(RECORD).exists else {}
    there = {line.split(":")[0] for line in host.check_output("cat /etc/passwd").splitlines()}
    others = sorted(record.keys() & there - {each["name"] for each in PEOPLE})
    if others:
        keep()
        databases = "/etc/passwd /etc/shadow /etc/group /etc/gshadow"
        host.check_output(f"sed -i -E '/^({'|'.join(others)}):/d' {databases} && cd /home && rm -rf {' '.join(others)}")


def person(host: Host, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "keys": [host.file(f"{KEYS}/{name}.pub").content_string.strip()], **more}


def logs_in(host: Host, name: str, command: str = "true", key: str = "") -> bool:
    return bool(host.run(f"{SSH}/{key or name} {name}@127.0.0.1 {shlex.quote(command)}").succeeded)


def stays_logged_in(host: Host, name: str, sudo: str = "") -> None:
    """Over SSH, and with a process that goes on in the background."""
    remote = f"{sudo} setsid sleep 7001 & exec sleep 7000"
    host.check_output(f"systemd-run --collect {SSH}/{name} {name}@127.0.0.1 {shlex.quote(remote)}")
    eventually(lambda: works(host), f"{name} is logged in")


def works(host: Host) -> bool:
    return bool(host.run("pgrep -f '^sleep 7001'").succeeded)


def test_the_people_of_the_inventory_are_on_every_host(hosts: dict[str, Host]) -> None:
    for host in hosts.values():
        for each in PEOPLE:
            account = host.user(each["name"])
            assert account.gecos == each["full_name"]
            assert host.file(f"{account.home}/.ssh/authorized_keys").content_string.splitlines()[1:] == each["keys"]
        assert host.run("pwck --read-only --quiet; grpck --read-only").stdout == ""


@on_both_releases
def test_people_get_in_by_their_keys_and_do_what_they_may(host: Host, keep: Keep) -> None:
    brahe = person(host, "brahe", sudo="without_password", groups=["adm"])
    kepler = person(host, "kepler", sudo="commands", sudo_commands=["/usr/bin/id -u"])
    foreseen = keep(brahe, kepler, options=("--check",))
    assert not host.user("brahe").exists
    assert keep(brahe, kepler)["accounts"] == foreseen["accounts"]
    assert keep(brahe, kepler)["changed"] is False
    assert logs_in(host, "brahe", "sudo -n true && id -nG | grep -qw adm && [ -r ~/.profile ] && [ -O ~ ]")
    assert logs_in(host, "kepler", "[ $(sudo -n id -u) = 0 ] && ! sudo -n true")
    assert not logs_in(host, "kepler", key="brahe")


def test_a_key_that_left_is_out_and_its_sessions_are_ended(host: Host, keep: Keep) -> None:
    brahe, kepler = person(host, "brahe", sudo="without_password"), person(host, "kepler")
    keep(brahe, kepler)
    stays_logged_in(host, "kepler")
    added = {**kepler, "keys": [*kepler["keys"], *person(host, "new")["keys"]]}
    keep(brahe, added)
    assert works(host)
    keep(brahe, {**kepler, "keys": person(host, "new")["keys"]})
    assert not host.run("pgrep -u kepler").succeeded
    assert not logs_in(host, "kepler")
    assert logs_in(host, "kepler", key="new")


@pytest.mark.seldom
def test_a_group_that_left_the_list_is_in_no_process_any_more(host: Host, keep: Keep) -> None:
    brahe, kepler = person(host, "brahe", sudo="without_password"), person(host, "kepler", groups=["adm"])
    keep(brahe, kepler)
    stays_logged_in(host, "kepler")
    keep(brahe, {**kepler, "full_name": "Johannes Kepler"})
    assert works(host)
    keep(brahe, {**kepler, "groups": []})
    assert not host.run("pgrep -u kepler").succeeded
    assert logs_in(host, "kepler", "! id -nG | grep -qw adm")


def test_who_left_keeps_files_and_nothing_else(name: str, host: Host, keep: Keep, run_module: RunModule) -> None:
    brahe, kepler = person(host, "brahe", sudo="without_password"), person(host, "kepler", sudo="without_password")
    run_module(name, "packages", {"names": ["at", "cron"]})
    keep(brahe, kepler)
    host.check_output(
        "su kepler -c 'echo \"* * * * * true\" | crontab - && echo true | at now + 1 day && echo mine >~/file'"
    )
    host.check_output("mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/kepler")
    stays_logged_in(host, "kepler", sudo="sudo")
    keep(brahe)
    assert not works(host)
    assert not host.run("pgrep -u kepler").succeeded
    assert not host.run("crontab -u kepler -l").succeeded
    assert host.check_output("atq") == ""
    assert not host.file("/var/lib/systemd/linger/kepler").exists
    assert "kepler" not in host.file(RULES).content_string
    assert not logs_in(host, "kepler")
    assert host.check_output("stat -c %U /home/kepler /home/kepler/file").split() == ["galilean-archive"] * 2
    assert "true" in host.check_output("cat /var/lib/galilean/users/archive/kepler/crontabs-kepler")
    assert keep(brahe)["changed"] is False
    keep(brahe, kepler)
    assert logs_in(host, "kepler", "sudo -n true && [ -O ~/file ] && [ $(cat ~/file) = mine ]")


@on_both_releases
def test_rules_of_others_give_nobody_what_the_list_does_not_say(host: Host, keep: Keep) -> None:
    brahe = person(host, "brahe", sudo="without_password", groups=["operators"])
    kepler = person(host, "kepler", groups=["operators"])
    assert keep(brahe, kepler, groups=["operators"])["changed"]
    try:
        for rules, problem in (
            ("%operators ALL=(ALL) ALL", "brahe: a rule that sudo reads behind"),
            ("%operators ALL=!/bin/sh", "brahe: sudo would not give all commands"),
            (r"kepl\x65r ALL=(ALL) ALL", "kepler: a rule of sudo that is not ours would stay"),
            ("operators ALL", "The rules of sudo on this host cannot be read"),
        ):
            host.check_output(f"printf '%s\\n' {shlex.quote(rules)} >{SITE}")
            assert problem in keep(brahe)["msg"]
            assert logs_in(host, "kepler")
        lines = (
            f"@include {SITE}.included",
            "User_Alias OPERATORS = kepler : OTHERS = OPERATORS, root",
            "OTHERS ALL=ALL",
        )
        host.check_output(f"printf '%s\\n' {shlex.join(lines)} >{SITE} && echo '#1 , kepler ALL=ALL' >{SITE}.included")
        # As Ubuntu 26.04 calls it.
        host.check_output("mv /usr/bin/cvtsudoers /usr/bin/cvtsudoers.ws")
        assert keep(brahe)["changed"]
        host.check_output("mv /usr/bin/cvtsudoers.ws /usr/bin/cvtsudoers")
        assert "not allowed" in host.run("sudo -l -U kepler").stdout
        assert host.check_output(f"cat {SITE}.included") == "#1 ALL=ALL"
        assert host.run("visudo -c").succeeded
        assert keep(brahe)["changed"] is False
        host.check_output("touch /etc/sudoers-rs")
        assert "sudo-rs reads /etc/sudoers-rs" in keep(brahe)["msg"]
        host.check_output("rm /etc/sudoers-rs")
        host.check_output("sed -i.kept s/^@includedir/#@includedir/ /etc/sudoers")
        assert "brahe: sudo would not give all commands" in keep(brahe)["msg"]
    finally:
        host.run("mv /etc/sudoers.kept /etc/sudoers; mv /usr/bin/cvtsudoers.ws /usr/bin/cvtsudoers")
        host.run(f"rm -f /etc/sudoers-rs {SITE} {SITE}.included; groupdel operators")


def test_a_run_does_not_lock_out_the_account_by_which_it_comes(
    host: Host, keep: Keep, over_ssh: Callable[[str], tuple[str, ...]]
) -> None:
    brahe, kepler = person(host, "brahe", sudo="without_password"), person(host, "kepler", sudo="without_password")
    new = person(host, "new")["keys"]
    keep({**brahe, "keys": [*brahe["keys"], *new]}, kepler)
    for others, problem in (
        ([kepler], "who would be locked out"),
        ([kepler, {**brahe, "sudo": "none"}], "who would lose sudo"),
        ([kepler, {**brahe, "keys": new}], "this run comes by a key of brahe that would go"),
    ):
        assert problem in keep(*others, options=over_ssh("brahe"))["msg"]
        assert logs_in(host, "brahe", "sudo -n true")
    assert keep({**brahe, "keys": new}, options=over_ssh("new"))["accounts"].keys() == {"brahe", "kepler"}
    assert logs_in(host, "brahe", "sudo -n true", key="new")
    assert not logs_in(host, "brahe")


def test_an_account_of_others_is_left_alone(host: Host, keep: Keep) -> None:
    brahe = person(host, "brahe", sudo="without_password")
    host.check_output("useradd --create-home --uid 2999 somebody")
    try:
        assert "somebody: this account was not made here" in keep(brahe, {"name": "somebody"})["msg"]
        assert not host.user("brahe").exists
        keep(brahe)
        assert host.user("somebody").exists
        keep(brahe, {"name": "somebody"}, adopted=["somebody"])
        assert host.file(RECORD).content_string.count("somebody") == 1
    finally:
        host.run("userdel --remove --force somebody")


@pytest.mark.seldom
def test_what_lets_in_or_runs_whom_the_list_does_not_is_refused_by_name(host: Host, keep: Keep) -> None:
    brahe, kepler = person(host, "brahe", sudo="without_password"), person(host, "kepler")
    keep(brahe, kepler)
    settings, unit = "/etc/ssh/sshd_config.d/00-site.conf", "/etc/systemd/system/wiki.service"
    try:
        for setting, problem in (
            ("AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u", "sshd takes keys of /etc/ssh/keys/%u too"),
            ("TrustedUserCAKeys /etc/ssh/ca.pub", "by trustedusercakeys /etc/ssh/ca.pub"),
            ("AllowUsers kepler", "sshd lets in none of those with sudo, brahe, galileo"),
        ):
            host.check_output(f"echo {shlex.quote(setting)} >{settings}")
            assert problem in keep(brahe)["msg"]
        host.check_output(f"rm {settings}; printf '[Service]\\nUser=kepler\\nExecStart=sleep 7001\\n' >{unit}")
        host.check_output("systemctl daemon-reload && systemctl start wiki")
        assert "kepler: wiki.service runs as kepler" in keep(brahe)["msg"]
        assert works(host)
        assert logs_in(host, "kepler")
    finally:
        host.run(f"systemctl stop wiki; rm -f {settings} {unit}; systemctl daemon-reload")
    assert keep(brahe)["changed"]


@pytest.mark.seldom
def test_links_in_a_home_lead_root_nowhere(host: Host, keep: Keep) -> None:
    brahe, kepler = person(host, "brahe", sudo="without_password"), person(host, "kepler")
    keep(brahe, kepler)
    host.check_output("rm -r /home/kepler/.ssh && mkdir /root/trap && ln -s /root/trap /home/kepler/.ssh")
    try:
        keep(brahe, kepler)
        assert logs_in(host, "kepler")
        assert host.file("/root/trap").listdir() == []
        host.check_output(
            "rm -r /home/kepler/.ssh && mkdir /home/kepler/.ssh && ln -s /etc/shadow /home/kepler/.ssh/authorized_keys"
        )
        keep(brahe, kepler)
        assert "root:" in host.file("/etc/shadow").content_string
        assert logs_in(host, "kepler")
    finally:
        host.check_output("rm -rf /root/trap")


@pytest.mark.seldom
def test_what_a_power_failure_left_of_shadow_utils_is_in_nobodys_way(host: Host, keep: Keep) -> None:
    host.check_output("printf 1 >/etc/passwd.lock && printf 1 >/etc/shadow.lock && printf 1 >/etc/group.lock")
    try:
        assert not host.run("useradd somebody").succeeded
        keep(person(host, "brahe", sudo="without_password"))
        assert logs_in(host, "brahe", "sudo -n true")
    finally:
        host.check_output("rm /etc/passwd.lock /etc/shadow.lock /etc/group.lock")


@pytest.mark.seldom
def test_a_thousand_people_cost_about_as_much_as_ten(host: Host, keep: Keep) -> None:
    seconds: dict[int, dict[str, float]] = {}
    for size in (10, 1000):
        people = [{"name": f"person-{number}"} for number in range(size)]
        seconds[size] = {}
        for step, listed in (("made", people), ("kept", people), ("seen off", []), ("still gone", [])):
            began = time.monotonic()
            changed = keep(*listed)["changed"]
            seconds[size][step] = time.monotonic() - began
            assert changed is (step in {"made", "seen off"})
        assert host.run("pwck --read-only --quiet; grpck --read-only").stdout == ""
    assert host.check_output("grep -c ^person- /etc/passwd") == "1000"
    for step, of_ten in seconds[10].items():
        assert seconds[1000][step] < 4 * of_ten, step
