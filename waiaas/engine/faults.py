"""A plugin's fault, as the engine passes it on."""

from waiaas.errors import Unavailable


class PluginFault(Unavailable):
    """An adapter raised what its contract does not know. The same call may be made again; the log says what it was."""

    codes = ("PLUGIN_FAILED",)
