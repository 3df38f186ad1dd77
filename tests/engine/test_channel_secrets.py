"""Who may change a channel whose secrets stay: somebody with the password, or who gives every secret anew, whole."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from waiaas.engine.actors import Actor
from waiaas.engine.channels import _require_right_to_secrets
from waiaas.errors import Denied

BY_TOKEN = Actor(kind="operator", by_password=False)


class Config(BaseModel):
    url: str
    token: SecretStr
    more: dict[str, SecretStr] = {}


CONFIG = Config(url="https://thief.example/hooks", token=SecretStr("hooks"), more={"key": SecretStr("second-key")})


@pytest.mark.parametrize(
    "given",
    [
        {"url": "https://thief.example/hooks"},
        {"url": "https://thief.example/hooks", "more": {"key": "second-key"}},
        {"url": "https://thief.example/hooks", "token": "hooks"},
        {"hooks": "second-key"},
        {"url": "hooks second-key"},
    ],
)
def test_letters_of_a_secret_are_not_the_secret(given: Mapping[str, Any]) -> None:
    """That a short secret stands inside an address, or is a field's name, does not mean that it was given."""
    with pytest.raises(Denied) as refused:
        _require_right_to_secrets(BY_TOKEN, CONFIG, given)
    assert refused.value.code == "PASSWORD_REQUIRED"


def test_all_secrets_given_anew_need_no_password() -> None:
    """However deep they lie, in whichever field."""
    _require_right_to_secrets(BY_TOKEN, CONFIG, {"token": "hooks", "more": {"key": "second-key"}})
    _require_right_to_secrets(BY_TOKEN, CONFIG, {"all": ["hooks", {"x": "second-key"}]})
    _require_right_to_secrets(Actor(kind="operator", by_password=True), CONFIG, {})
