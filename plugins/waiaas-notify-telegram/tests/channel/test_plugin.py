"""The plugin as the host meets it."""

import subprocess
import sys

import pluggy
from waiaas_notify_telegram import plugin
from waiaas_notify_telegram.channel import TelegramChannel
from waiaas_notify_telegram.settings import TelegramConfig

from waiaas import hookspecs


def test_the_hook_hands_over_one_class() -> None:
    """Called through pluggy, the plugin registers TELEGRAM, for the API version that is current."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.waiaas_notification_channels() == [[TelegramChannel]]
    assert plugin.waiaas_plugin_api == hookspecs.PLUGIN_API_VERSION
    assert (TelegramChannel.type, TelegramChannel.config_model) == ("TELEGRAM", TelegramConfig)


def test_importing_the_plugin_loads_no_client() -> None:
    """The entry point is light: httpx comes with the channel, when the hook is called."""
    code = "import sys, waiaas_notify_telegram.plugin; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
