"""``python -m waiaas.cli``: the same program, for processes that start it by interpreter."""

from waiaas.cli import main

main()
