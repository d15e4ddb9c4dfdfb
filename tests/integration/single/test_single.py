"""The shortest way in: the example for one machine, of which only the machine is another, on a host of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyrings
import one_machine
import pytest
from browser import Browser
from looking import look
from raised import Raised
from stores import Store


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raised]:
    """A bare machine, with the images of the lab that is up in its registry."""
    with one_machine.raised(tmp_path_factory.mktemp("single")) as single:
        yield single


@pytest.fixture(scope="module")
def ada(single: Raised) -> Browser:
    """The browser of a student, which keeps its cookies."""
    return single.browser()


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with keyrings.keyring(tmp_path_factory.mktemp("keyring")) as home:
        yield home


@pytest.fixture(scope="module")
def store(single: Raised, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(single.lab, one_machine.STORE, tmp_path_factory.mktemp("store"))
    store.create()
    store.start()
    return store


def test_the_first_run_ends_with_what_to_do_next(single: Raised) -> None:
    run = single.play("site.yml")
    assert f"The hub is at {one_machine.URL}\n" in run.output
    assert "Next: log in there; where people sign up, be the first, as the administrator." in run.output


def test_who_signs_up_as_administrator_lets_others_in(single: Raised, ada: Browser) -> None:
    galileo = single.browser()
    for name, browser in (("galileo", galileo), ("ada", ada)):
        password = f"the long password of {name}"
        assert browser.sign_up(name, password).ok
    galileo.log_in("galileo", "the long password of galileo")
    assert galileo.user() == "galileo"
    ada.log_in("ada", "the long password of ada")
    assert ada.user() is None
    galileo.press(galileo.visit("/hub/authorize"), "/authorize/ada$")
    ada.log_in("ada", "the long password of ada")
    assert ada.user() == "ada"


def test_the_next_run_finds_nothing_wrong_with_what_the_first_has_left(single: Raised) -> None:
    run = single.play("validate.yml")
    assert run.changed == {"jupiter": 0}
    assert "[WARNING]" not in run.output


@pytest.fixture(scope="module")
def backed_up(single: Raised, ada: Browser, store: Store, keyring: Path) -> Raised:
    """The cluster with a student at work, whose home is backed up."""
    ada.open_server("ada")
    single.fill("ada")
    single.go_to(store, keyring)
    single.play("backup.yml")
    single.back_up()
    return single


def test_one_command_gives_a_student_a_lost_file_back(backed_up: Raised, ada: Browser) -> None:
    notes = f"{backed_up.home('ada')}/notes"
    before = look(backed_up.lab, "jupiter", f"{notes}/week3.ipynb")
    backed_up.lab.run("jupiter", "rm", f"{notes}/week3.ipynb")
    run = backed_up.restore(user="ada", paths="notes/week3.ipynb")
    (restored,) = backed_up.lab.run("jupiter", "sh", "-c", f"ls -d {notes}/week3.ipynb.restored-*").split()
    assert restored in run.output
    assert look(backed_up.lab, "jupiter", restored) == before
    assert ada.content("ada", f"notes/{Path(restored).name}").startswith("what ada found out"), "her server goes on"


@pytest.mark.seldom
def test_a_home_is_restored_in_place_when_its_server_has_stopped(backed_up: Raised, ada: Browser) -> None:
    home = backed_up.home("ada")
    ada.open_server("ada")
    backed_up.lab.run("jupiter", "sh", "-c", f"echo spoilt >{home}/first")
    run = backed_up.restore("--check", user="ada", place="in_place", confirmed=True)
    assert "Would have stopped ada/" in run.output
    assert "Would restore " in run.output
    refused = backed_up.try_to_restore(user="ada", place="in_place")
    assert "backup_restore_confirmed" in refused.output
    assert ada.is_inside("ada"), "nobody was disturbed"

    run = backed_up.restore(user="ada", place="in_place", confirmed=True)
    assert "Stopped ada/" in run.output
    assert not ada.is_inside("ada")
    assert backed_up.lab.run("jupiter", "cat", f"{home}/first") == "linked twice"
    assert backed_up.lab.run("jupiter", "sh", "-c", f"cat {home}.before-restore-*/first") == "spoilt"
    ada.open_server("ada")
    assert ada.content("ada", "first") == "linked twice"


def test_a_lost_machine_comes_back_with_all_that_people_had(backed_up: Raised, ada: Browser, keyring: Path) -> None:
    backed_up.back_up()
    homes, users = backed_up.people_have(), backed_up.users()
    backed_up.lose_everything()
    backed_up.make_hosts()
    run = backed_up.play("rebuild.yml", environment={"GNUPGHOME": str(keyring)})
    assert "Not as it was" not in run.output
    assert backed_up.people_have() == homes
    assert backed_up.users() == users
    assert ada.user() == "ada", "her cookie is as good as it was"
    ada.open_server("ada")
    assert ada.content("ada", "first") == "linked twice"
