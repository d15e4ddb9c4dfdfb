from __future__ import annotations

from pathlib import Path

import pytest
from galilean_hub.tokens import revoke_service_tokens
from jupyterhub import orm
from jupyterhub.roles import create_role, get_default_roles

NOTE = "from config"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "jupyterhub.sqlite"


def tokens(database: Path) -> set[str]:
    """The first letters of the tokens in the database."""
    with orm.new_session_factory(f"sqlite:///{database}")() as session:
        return {token.prefix for token in session.query(orm.APIToken)}


def test_what_is_no_longer_configured_is_revoked(database: Path) -> None:
    with orm.new_session_factory(f"sqlite:///{database}")() as session:
        for role in get_default_roles():
            create_role(session, role)
        session.add(orm.OAuthClient(identifier="jupyterhub"))
        admin, registered = orm.Service(name="admin"), orm.Service(name="registered", from_config=False)
        ada = orm.User(name="ada")
        session.add_all([admin, registered, ada])
        session.commit()
        admin.new_api_token("new-of-admin", note=NOTE, generated=False)
        admin.new_api_token("old-of-admin", note=NOTE, generated=False)
        admin.new_api_token("drawn-at-start", note="generated at startup")
        registered.new_api_token("registered-once", note=NOTE)
        ada.new_api_token("adas-token", note=NOTE)
    revoke_service_tokens(database, {"admin": "new-of-admin", "verify": "of-another"})
    assert tokens(database) == {"new-", "draw", "regi", "adas"}
    revoke_service_tokens(database, {})
    assert tokens(database) == {"draw", "regi", "adas"}


def test_a_token_that_is_now_another_services_is_not_that_of_the_first(database: Path) -> None:
    with orm.new_session_factory(f"sqlite:///{database}")() as session:
        for role in get_default_roles():
            create_role(session, role)
        session.add(orm.OAuthClient(identifier="jupyterhub"))
        admin, verify = orm.Service(name="admin"), orm.Service(name="verify")
        session.add_all([admin, verify])
        session.commit()
        admin.new_api_token("first-of-admin", note=NOTE, generated=False)
        verify.new_api_token("verify-keeps", note=NOTE, generated=False)
    revoke_service_tokens(database, {"admin": "first-of-admin", "verify": "verify-keeps"})
    assert tokens(database) == {"firs", "veri"}
    revoke_service_tokens(database, {"admin": "another-token", "verify": "first-of-admin"})
    assert tokens(database) == set()


@pytest.mark.parametrize("exists", [False, True])
def test_a_hub_that_never_ran_has_nothing_to_revoke(database: Path, exists: bool) -> None:
    if exists:
        database.touch()
    revoke_service_tokens(database, {})
    assert database.exists() is exists
