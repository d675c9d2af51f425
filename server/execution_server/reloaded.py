"""What files hold, read again when they change, so that neither a new certificate nor a new caller needs a restart."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from .config import StartError

log = logging.getLogger(__name__)

T = TypeVar("T")
Stamp = tuple[tuple[int, ...] | None, ...]


class Reloaded(Generic[T]):
    """
    The newest good state of some files.

    Attributes:
        value: what they hold.
    """

    def __init__(self, files: Sequence[Path], read: Callable[[], T]) -> None:
        """
        Args:
            files: which of them are looked at.
            read: reads them all. Raises StartError for what is of no use; so does this constructor then.
        """
        self._files, self._read = files, read
        self._stamp = self._look()
        self.value = read()

    def refresh(self) -> bool:
        """
        Read the files again if they have changed; answers whether ``value`` is new. Never raises.

        Files that are of no use, as those that somebody is just writing, leave what was before, and the log says so.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            value = self._read()
        except StartError as error:
            log.error("What was read before is kept. %s", error)
            return False
        if self._look() != stamp:  # what was read may be half of each; the next look sees the change
            return False
        self.value = value
        log.info("read again: %s", ", ".join(map(str, self._files)))
        return True

    def _look(self) -> Stamp:
        return tuple(_stamp_of(file) for file in self._files)


def _stamp_of(file: Path) -> tuple[int, ...] | None:
    """What differs for two versions of a file; a symbolic link, as Kubernetes swaps them, is followed."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
