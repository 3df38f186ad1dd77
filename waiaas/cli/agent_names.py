"""What agents are called, for the rows of others that hold only their ids."""

from collections.abc import Mapping

from waiaas_sdk import Operator

_PAGE = 200


def agent_names(daemon: Operator) -> Mapping[str, str]:
    """The name of each agent by its id; asks the daemon for all of them, a page at a time."""
    names: dict[str, str] = {}
    cursor = None
    while True:
        page = daemon.agents.list(limit=_PAGE, cursor=cursor)
        names.update((agent.id, agent.name) for agent in page.items)
        cursor = page.cursor
        if not page.has_more or cursor is None:
            return names
