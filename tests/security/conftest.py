"""Fixtures of the whole house."""

from tests.harness.fixtures import chain, house, make_house, one_case, shared_chain, shared_house, template
from tests.harness.small_disk import disk

__all__ = ["chain", "disk", "house", "make_house", "one_case", "shared_chain", "shared_house", "template"]
