"""Signing in with an OpenID Connect provider: authorisation code with PKCE, nonce and state; the only home of Authlib.

The provider says who somebody is; Vigie still says what they may do. An address that the provider has not verified opens
nothing.
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
_SECONDS = 10


def install(app: Flask, web: WebSettings) -> None:
    """Adds the two addresses, where a provider is named."""
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
            "default_timeout": _SECONDS,
        },
    )
    app.register_blueprint(page)


@page.get("/sign-in/oidc")
@authorization.public
def leave() -> ResponseReturnValue:
    """Sends the browser to the provider."""
    there = current_services().web.public_url
    back = f"{there}{url_for('oidc.come_back')}" if there else url_for("oidc.come_back", _external=True)
    try:
        answer: ResponseReturnValue = _provider().authorize_redirect(back)
    except _vendor_errors() as error:
        raise _away(error) from None
    return answer


@page.get("/sign-in/oidc/return")
@authorization.public
def come_back() -> ResponseReturnValue:
    """Takes what the browser brings back, and asks the provider itself whether it is true."""
    try:
        claims = _provider().authorize_access_token().get("userinfo") or {}
    except _network_errors() as error:
        raise _away(error) from None
    except _vendor_errors() as error:
        raise SignInRefused(
            msg("the provider's answer was refused ({name})", name=type(error).__name__),
            hint="begin again at the sign-in page",
        ) from None
    if not claims.get("email") or claims.get("email_verified") is not True:
        raise SignInRefused(
            "the provider does not vouch for an e-mail address of yours",
            hint="verify your address there, or ask for a link",
        )
    user = current_services().sessions.find_or_create_oidc_user(
        str(claims["email"]), str(claims.get("name") or "")
    )
    session.begin(*current_services().sessions.start(user))
    return redirect("/")


def _provider() -> Any:
    return current_app.extensions["authlib.integrations.flask_client"].create_client(_NAME)


def _network_errors() -> tuple[type[Exception], ...]:
    from requests import RequestException

    return (RequestException,)


def _vendor_errors() -> tuple[type[Exception], ...]:
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    # ValueError and KeyError: documents of a provider that are none.
    return (AuthlibBaseError, JoseError, ValueError, KeyError, *_network_errors())


def _away(error: Exception) -> Unavailable:
    return Unavailable(
        msg("the sign-in provider cannot be asked ({name})", name=type(error).__name__),
        hint="check VIGIE_OIDC_ISSUER and the network, or sign in with a password",
    )
