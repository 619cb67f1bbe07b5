"""People's own data: read from files or objects, looked at, corrected, and kept under a name as a dataset."""

from vae.data.own.adding import add
from vae.data.own.names import taken
from vae.data.own.source import OwnSource, every, find, forget, remove, restore, set_aside

__all__ = ["OwnSource", "add", "every", "find", "forget", "remove", "restore", "set_aside", "taken"]
