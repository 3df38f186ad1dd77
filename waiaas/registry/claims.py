"""Words that only one plugin may bring: a chain, a policy type, a channel type, a price source, and its own name."""

from dataclasses import dataclass, field

from waiaas.registry.asking import Fault
from waiaas.registry.records import Registers


@dataclass(slots=True)
class Claims:
    """Who brought what so far; the first keeps it."""

    owners: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, plugin: str, registers: Registers) -> None:
        """Enter all words of one plugin.

        :raises Fault: when one of them is taken; then none is entered
        """
        words = [("plugin", plugin)]
        words += [("chain", word) for word in registers.chains]
        words += [("policy type", word) for word in registers.policy_types]
        words += [("channel", word) for word in registers.channels]
        words += [("price source", word) for word in registers.price_sources]
        for kind, word in words:
            if (kind, word) in self.owners:
                raise Fault(f"it clashes: the {kind} {word} is already brought by {self.owners[kind, word]}")
        self.owners.update(dict.fromkeys(words, plugin))
