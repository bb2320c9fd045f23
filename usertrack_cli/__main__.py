"""``python -m usertrack_cli``: the command line without its console script."""

from usertrack_cli.app import run

run()
