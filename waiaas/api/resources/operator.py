"""The operator's own credential: a short-lived token for the password, and the signer's unlocking."""

from waiaas.api.call import Call
from waiaas.api.credentials import bearer_of
from waiaas.api.models.admin import Done, Login, OperatorToken
from waiaas.api.models.wire import Nothing
from waiaas.api.refusals import opaque_401


def login(call: Call, asked: Login) -> OperatorToken:
    """Exchange the password for a token."""
    token, expires_at = call.services.operator.login(call.actor, is_brief=asked.brief)
    return OperatorToken(token=token, expires_at=expires_at)


def logout(call: Call, asked: Nothing) -> None:
    """End the token that came with this request; nothing when it came with the password."""
    token = bearer_of(call.visit.shown)
    if token:
        call.services.operator.logout(token)


def unlock(call: Call, asked: Nothing) -> Done:
    """Give the signer the password; starts it again if it died."""
    password = call.visit.shown.password
    if password is None:
        raise opaque_401()
    call.services.operator.unlock(password, call.visit.shown.ip, call.visit.shown.door)
    return Done(status="unlocked")
