"""How long to wait before a process that keeps ending is started again."""

from dataclasses import dataclass

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 30.0
FORGIVEN_AFTER_SECONDS = 60.0


@dataclass(slots=True)
class Backoff:
    """Doubles from one end to the next, and starts over when the process lived well in between."""

    _seconds: float = FIRST_SECONDS

    def after(self, *, lived_seconds: float) -> float:
        """The seconds to wait now that the process has ended after *lived_seconds*."""
        if lived_seconds >= FORGIVEN_AFTER_SECONDS:
            self._seconds = FIRST_SECONDS
        seconds, self._seconds = self._seconds, min(self._seconds * 2, LONGEST_SECONDS)
        return seconds
