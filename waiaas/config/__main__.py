"""Prints the documentation's page about configuration: ``python -m waiaas.config > docs/configuration.md``."""

import sys

from waiaas.config.template import render_page

sys.stdout.write(render_page())
