"""Fixtures of the whole house."""

from tests.harness.fixtures import case, chain, house, make_house, shared_chain, shared_house, template

__all__ = ["case", "chain", "house", "make_house", "shared_chain", "shared_house", "template"]
