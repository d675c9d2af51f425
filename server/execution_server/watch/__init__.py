"""
Watching: how changes reach those who wait for them, each status change once and in order.

``Hub`` follows the store's feed and keeps a ``Topic`` per watched execution: its newest record and its history. A
watcher is a cursor into its topic and nothing else, so a slow reader costs a cursor, however far it falls behind: it
finds every status change in the history, and of all else the newest. ``Gathering`` does the same for a filter.
"""

from .gathering import Gathering
from .hub import Hub, Listener
from .topic import Topic

__all__ = ["Gathering", "Hub", "Listener", "Topic"]
