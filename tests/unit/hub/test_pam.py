from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from galilean_hub.authenticators import authenticator_class


async def test_people_need_no_account_beside_the_hub() -> None:
    pam: Any = authenticator_class("pam")(allow_all=True)
    await pam.add_user(SimpleNamespace(name="known-to-pam-only"))
