"""Sign-in by an OpenID Connect provider: authorization code with PKCE, nonce and state; only this module uses Authlib.

The provider authenticates users, Vigie authorizes them. An address that the provider has not verified is refused.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, redirect, url_for
from flask.typing import ResponseReturnValue

from vigie.errors import SignInRefused, Unavailable, UsageRefused
from vigie.extras import require
from vigie.i18n.messages import msg
from vigie.settings import WebSettings
from vigie.web import authorization, session
from vigie.web.services import current_services

page = Blueprint("oidc", __name__)
_NAME = "oidc"
_TIMEOUT_SECONDS = 10


def install(app: Flask, web: WebSettings) -> None:
    """Add the views, where the settings name a provider.

    Raises:
        UsageRefused: the client id or Authlib is missing.
    """
    if not web.oidc_issuer:
        return
    if not web.oidc_client_id:
        raise UsageRefused(
            "VIGIE_OIDC_ISSUER is set, but VIGIE_OIDC_CLIENT_ID is not",
            hint="register Vigie with the provider first",
        )
    require("oidc", "signing in with a provider")
    from authlib.integrations.flask_client import OAuth

    OAuth(app).register(
        _NAME,
        client_id=web.oidc_client_id,
        client_secret=web.oidc_client_secret or None,
        server_metadata_url=f"{web.oidc_issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_SECONDS,
        },
    )
    app.register_blueprint(page)


@page.get("/sign-in/oidc")
@authorization.public
def start() -> ResponseReturnValue:
    """Redirect the browser to the provider."""
    base = current_services().web.public_url
    back = f"{base}{url_for('oidc.callback')}" if base else url_for("oidc.callback", _external=True)
    try:
        response: ResponseReturnValue = _provider().authorize_redirect(back)
    except _vendor_errors() as error:
        raise _unavailable(error) from None
    return response


@page.get("/sign-in/oidc/return")
@authorization.public
def callback() -> ResponseReturnValue:
    """Exchange the authorization code for the user's claims, and sign in."""
    try:
        # Authlib accepts a token for another audience where it names us as the authorized party.
        expected = {
            "iss": {"essential": True, "value": _provider().load_server_metadata()["issuer"]},
            "aud": {"essential": True, "value": current_services().web.oidc_client_id},
        }
        claims = _provider().authorize_access_token(claims_options=expected).get("userinfo") or {}
    except _network_errors() as error:
        raise _unavailable(error) from None
    except _vendor_errors() as error:
        raise SignInRefused(
            msg("the response of the sign-in provider is invalid ({name})", name=type(error).__name__),
            hint="start again on the sign-in page",
        ) from None
    if not claims.get("email") or claims.get("email_verified") is not True:
        raise SignInRefused(
            "the sign-in provider returned no verified e-mail address",
            hint="verify your address with the provider, or ask an administrator for a link",
        )
    sessions = current_services().sessions
    user = sessions.find_or_create_oidc_user(str(claims["email"]), str(claims.get("name") or ""))
    session.begin(*sessions.start(user))
    return redirect("/")


def _provider() -> Any:
    return current_app.extensions["authlib.integrations.flask_client"].create_client(_NAME)


def _network_errors() -> tuple[type[Exception], ...]:
    from requests import RequestException

    return (RequestException,)


def _vendor_errors() -> tuple[type[Exception], ...]:
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    # ValueError and KeyError: invalid documents of the provider.
    return (AuthlibBaseError, JoseError, ValueError, KeyError, *_network_errors())


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(
        msg("the sign-in provider does not respond ({name})", name=type(error).__name__),
        hint="check VIGIE_OIDC_ISSUER and the network, or sign in with a password",
    )
