"""The version, in one place: hatchling and ``nishimori --version`` read it here."""

__version__ = "0.1.0"
