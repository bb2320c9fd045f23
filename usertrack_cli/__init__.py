"""usertrack: session analytics that you own, read from a terminal."""

__version__ = "0.1.0"
