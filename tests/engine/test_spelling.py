"""An address or asset in a rule is written as it is compared: another spelling would never match, and say nothing."""

from typing import Any

import pytest

from waiaas.errors import Malformed
from waiaas.interfaces.spelling import require_one_spelling
from waiaas.testing.policy_bench import NATIVE, TOKEN, SpellingReader

BOB = "A" * 32
WRONG = "a" * 32


@pytest.mark.parametrize(
    "rules",
    [
        WRONG,
        [WRONG],
        {"addresses": [BOB, WRONG]},
        {"limits": {WRONG: "5"}},
        {"expression": f"effects.exists(e, e.to == '{WRONG}')"},
        {"expression": f'effects.exists(e, e.to in ["{BOB}", "{WRONG}"])'},
        {"expression": f"effects.leaving('{TOKEN.lower()}').above('5')"},
        {"expression": "effects.leaving('native').above('5')"},
        {"expression": f"effects.exists(e, e.to in ['a b', '{WRONG}'])"},
        {"expression": f"effects.exists(e, e.to in ['', '{WRONG}'])"},
        {"expression": f"// it's a comment\neffects.exists(e, e.to == '{WRONG}')"},
        {"expression": f"agent == \"it's\" || effects.exists(e, e.to == '{WRONG}')"},
        {"expression": f"effects.exists(e, e.what == 'it is' || e.to == '{WRONG}')"},
        {"expression": f"effects.exists(e, e.to == '{WRONG[:16]}' + '{WRONG[16:]}')"},
        {"expression": f"effects.exists(e, e.to == '\\x61{WRONG[1:]}')"},
        {"expression": f'effects.exists(e, e.to == """{WRONG}""")'},
    ],
)
def test_another_spelling_is_refused_with_the_right_one(rules: Any) -> None:
    """Wherever it stands, also in quotes within a text."""
    with pytest.raises(Malformed) as problem:
        require_one_spelling(rules, SpellingReader())
    assert any(right in problem.value.hint for right in (BOB, TOKEN, "native"))


@pytest.mark.parametrize(
    "rules",
    [
        {"addresses": [BOB], "asset": NATIVE, "name": "anything at all, however long it may be"},
        {"expression": f"effects.exists(e, e.to == '{BOB}') && effects.leaving(native).above('5')"},
        {"asset": "native", "limit": "10000000000000000000000000000000000000000"},
        {"expression": "agent.matches('^[0-9a-f-]{36}$')"},
    ],
)
def test_what_is_written_right_passes(rules: Any) -> None:
    """And so does what no chain reads."""
    require_one_spelling(rules, SpellingReader())
