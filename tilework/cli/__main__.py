"""``python -m tilework.cli``: the same as ``tilework``."""

from tilework.cli.app import main

main()
