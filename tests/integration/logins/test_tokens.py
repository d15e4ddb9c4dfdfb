"""Tokens of services, from one start of a hub to the next."""

from __future__ import annotations

from pathlib import Path

import requests
from running import Hub, running_hub


def opens(hub: Hub, token: str) -> bool:
    """Whether the hub's API takes `token`."""
    answer = requests.get(f"{hub.url}/hub/api/users", headers={"Authorization": f"token {token}"}, timeout=30)
    assert answer.status_code in {200, 403}
    return answer.ok


def test_a_token_that_was_replaced_opens_nothing(tmp_path: Path) -> None:
    variables = {"jupyterhub_authenticator": "native", "jupyterhub_admin_users": ["galileo"]}
    with running_hub(tmp_path, variables) as hub:
        old = dict(hub.secrets["service_tokens"])
        assert all(opens(hub, token) for token in old.values())
        by_hand = requests.post(
            f"{hub.url}/hub/api/users/galileo/tokens", headers={"Authorization": f"token {old['admin']}"}, timeout=30
        ).json()["token"]
    (tmp_path / "secrets" / "admin_token").unlink()
    with running_hub(tmp_path, variables) as hub:
        new = hub.secrets["service_tokens"]
        hub.unspoken |= {by_hand, old["admin"]}
        assert new["verify"] == old["verify"]
        assert opens(hub, new["admin"])
        assert opens(hub, new["verify"])
        assert opens(hub, by_hand)
        assert not opens(hub, old["admin"])
