"""The ways to log in, by name, with the traits of JupyterHub's authenticator classes as their options."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from oauthenticator.oauth2 import OAuthenticator
from tornado.web import HTTPError
from traitlets.config import Config

from galilean_hub.names import is_seen, normalized
from galilean_hub.reading import ConfigError, nearest
from galilean_hub.reserved import REFUSAL, is_reserved
from galilean_hub.settings import Configuration, Secrets

# PAM: pam_unix reads /etc/shadow, which the hub, unprivileged in a container, cannot. What works are modules that ask a
# server (ldap, radius, krb5), with a file in /etc/pam.d of the image.
CLASSES = {
    "dummy": "jupyterhub.authenticators.shared.SharedPasswordAuthenticator",
    "native": "galilean_hub.native.NativeAuthenticator",
    "github": "galilean_hub.oauth.GitHubOAuthenticator",
    "google": "galilean_hub.oauth.GoogleOAuthenticator",
    "oidc": "galilean_hub.oauth.GenericOAuthenticator",
    "lti13": "galilean_hub.lti13.LTI13Authenticator",
    "pam": "galilean_hub.pam.PAMAuthenticator",
}
# JupyterHub 5.3 renamed the password of its dummy authenticator along with the class (jupyterhub/auth.py).
RENAMED = {"dummy": {"password": "user_password"}}
DEFAULTS: dict[str, dict[str, Any]] = {
    # Without the scope openid a provider takes the request for plain OAuth, and refuses it or tells nothing of the user
    # (OpenID Connect Core 1.0, 3.1.2.1).
    "oidc": {"scope": ["openid", "profile", "email"]},
    # Opening a PAM session needs root (jupyterhub/auth.py, PAMAuthenticator.open_sessions).
    "pam": {"open_sessions": False},
}
GROUP_OPTIONS = frozenset({"allowed_groups", "admin_groups", "auth_state_groups_key"})


class PlainNames(Authenticator):
    """Names as `galilean_hub.names` has them, for the class that follows in the order of bases."""

    def normalize_username(self, username: str) -> str:
        """In one spelling before the class looks names up, and after it has changed letters."""
        return normalized(super().normalize_username(normalized(username)))

    def validate_username(self, username: str) -> bool:
        return is_seen(username) and bool(super().validate_username(username))


def authenticator_class(name: str) -> type[Authenticator]:
    """The class behind one of `CLASSES`, under its own name, with our rules for names of users."""
    module, _dot, attribute = CLASSES[name].rpartition(".")
    return type(attribute, (PlainNames, getattr(import_module(module), attribute)), {})


def refuse_reserved(_authenticator: Authenticator, _handler: Any, authentication: dict[str, Any]) -> dict[str, Any]:
    """JupyterHub's hook for who is about to be logged in, in the form of `Authenticator.post_auth_hook`.

    Raises HTTPError 403, which the form or the page shows, for a name that is the cluster's own.
    """
    if is_reserved(authentication["name"]):
        raise HTTPError(403, REFUSAL)
    return authentication


def configure_authenticator(c: Config, configuration: Configuration, secrets: Secrets) -> None:
    """Set the authenticator and its options on the configuration `c` of JupyterHub.

    Raises ConfigError for an option that the class does not have, or that stands in both files.
    """
    settings = configuration.authenticator
    cls = authenticator_class(settings.name)
    c.JupyterHub.authenticator_class = cls
    c.Authenticator.allow_all = settings.allow_all
    c.Authenticator.allowed_users = set(settings.allowed_users)
    # By default JupyterHub goes on letting in whoever was once allowed (Authenticator.allow_existing_users).
    c.Authenticator.allow_existing_users = False
    c.Authenticator.admin_users = set(settings.admin_users)
    if settings.name == "native":
        packages = ("galilean_hub", "nativeauthenticator")
        places = [Path(str(import_module(package).__file__)).parent / "templates" for package in packages]
        c.JupyterHub.template_paths = [str(place) for place in places]
    options = _implied(cls, configuration) | _merged(settings.name, cls, settings.options, secrets.authenticator)
    c[cls.__name__].update(options | {"post_auth_hook": refuse_reserved})


def _implied(cls: type[Authenticator], configuration: Configuration) -> dict[str, Any]:
    settings = configuration.authenticator
    implied = dict(DEFAULTS.get(settings.name, {}))
    if issubclass(cls, OAuthenticator):
        implied["oauth_callback_url"] = f"{configuration.public_url.rstrip('/')}/hub/oauth_callback"
        # oauthenticator 17 refuses to start with a group option and without this one (oauth2.py)
        if GROUP_OPTIONS & set(settings.options):
            implied["manage_groups"] = True
    if settings.name == "github" and "allowed_organizations" in settings.options:
        # without it GitHub tells of public memberships only, and a membership is private until its owner publishes it
        implied["scope"] = ["read:org"]
    if settings.name == "native" and not settings.options.get("open_signup"):
        # NativeAuthenticator turns away whom no administrator has let in; JupyterHub would turn away the others as well
        implied["allow_all"] = True
    return implied


def _merged(
    name: str, cls: type[Authenticator], options: Mapping[str, Any], secrets: Mapping[str, Any]
) -> dict[str, Any]:
    traits = cls.class_traits(config=True)
    merged: dict[str, Any] = {}
    for source, given in (("authenticator.options", options), ("authenticator in the secrets file", secrets)):
        for option, value in given.items():
            trait = RENAMED.get(name, {}).get(option, option)
            if trait not in traits:
                raise ConfigError(f"{source}: {name} has no option {option!r}{nearest(option, traits)}")
            if trait in merged:
                raise ConfigError(f"{source}: {option!r} is given twice")
            merged[trait] = value
    return merged
