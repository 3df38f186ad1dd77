"""Fixtures of the whole house."""

from tests.harness.fixtures import chain, house, make_house, one_case, shared_chain, shared_house, template

__all__ = ["chain", "house", "make_house", "one_case", "shared_chain", "shared_house", "template"]
