"""The entry point. Light to import."""

waiaas_plugin_api = 1
