"""PAM, by a service that asks somebody else than /etc/shadow, for people without an account on the hub's machine."""

from __future__ import annotations

from pathlib import Path

from running import running_hub

PASSWORDS = {"ada": "known-to-pam", "expired": "known-to-pam-too"}
# pam_exec(8): the name in the environment, the password with a final NUL on standard input.
ASKED = """#!/bin/sh
case $PAM_TYPE in
    auth) [ "$PAM_USER:$(tr -d '\\000')" = "$(grep "^$PAM_USER:" {passwords})" ] ;;
    account) [ "$PAM_USER" != expired ] ;;
esac
"""


def test_who_pam_knows_gets_in(tmp_path: Path) -> None:
    services, passwords, asked = tmp_path / "pam.d", tmp_path / "passwords", tmp_path / "asked"
    passwords.write_text("".join(f"{name}:{password}\n" for name, password in PASSWORDS.items()))
    asked.write_text(ASKED.format(passwords=passwords))
    asked.chmod(0o755)
    services.mkdir()
    (services / "galilean").write_text(
        f"auth required pam_exec.so quiet expose_authtok {asked}\naccount required pam_exec.so quiet {asked}\n"
    )
    variables = {
        "jupyterhub_authenticator": "pam",
        "jupyterhub_authenticator_options": {"service": "galilean"},
        "jupyterhub_allow_all": True,
    }
    # In a mount namespace of its own, as in a container: this machine's /etc/pam.d stays as it is.
    mount = f'mount --bind {services} /etc/pam.d && exec "$@"'
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "hub"]
    with running_hub(tmp_path, variables, through=namespace) as hub:
        hub.unspoken |= set(PASSWORDS.values())
        ada = hub.browser()
        for name, password in (("ada", "wrong"), ("nobody-knows", "known-to-pam"), ("expired", PASSWORDS["expired"])):
            assert ada.log_in(name, password).status_code == 403
            assert ada.user() is None
        ada.log_in("ada", PASSWORDS["ada"])
        assert ada.user() == "ada"
