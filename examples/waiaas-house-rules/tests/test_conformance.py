"""The kit of policy types, run on MEMO_REQUIRED."""

import pytest
from waiaas_house_rules.memo_required import MemoRequired, MemoRules

from waiaas.testing.policy_bench import NATIVE, PolicyBench
from waiaas.testing.policy_kit import PolicyKit


class TestMemoRequired(PolicyKit):
    """Every promise of a policy type."""

    @pytest.fixture
    def bench(self) -> PolicyBench:
        """Rules as they are stored: with the asset's id."""
        rules = (
            MemoRules(asset=NATIVE, at_least="5"),
            MemoRules(asset=NATIVE, at_least="5", otherwise="deny"),
            MemoRules(asset=NATIVE, at_least="7"),
        )
        return PolicyBench(policy=MemoRequired(), make=MemoRequired, rules=rules)
