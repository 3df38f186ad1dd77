"""Secrets of a configuration are found, so that they can be masked."""

from pydantic import BaseModel, SecretStr

from waiaas.engine.live_channels import secrets


def test_secrets_are_found_however_deep() -> None:
    """In models, lists and mappings; what is too short to be one would garble every text."""

    class Inner(BaseModel):
        keys: list[SecretStr]
        by_name: dict[str, SecretStr]

    class Outer(BaseModel):
        inner: Inner
        plain: str

    config = Outer(
        inner=Inner(keys=[SecretStr("first-one"), SecretStr("x")], by_name={"a": SecretStr("second-one")}), plain="no"
    )
    assert sorted(secrets(config)) == ["first-one", "second-one"]
