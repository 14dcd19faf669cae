"""One row of the table: what was killed, and what was there afterwards."""

from dataclasses import dataclass

RIGHT = "right"
COLUMNS = ("what", "kills", "work", "after a kill", "full disk")
NOT_MEASURED = ("not root", "not measured")


@dataclass(frozen=True)
class Outcome:
    """How one kind of work stood its kills.

    Attributes:
        what: it is.
        kills: how many.
        work: what was done meanwhile.
        after_a_kill: ``RIGHT``, or the first fault.
        full_disk: ``RIGHT`` with the error's text, or the fault, or why it was not measured.
    """

    what: str
    kills: int
    work: str
    after_a_kill: str
    full_disk: str

    @property
    def is_right(self) -> bool:
        """Whether no fault was found."""
        return self.after_a_kill == RIGHT and self.full_disk.startswith((RIGHT, *NOT_MEASURED))

    def cells(self) -> list[str]:
        """Return the table's cells."""
        return [self.what, str(self.kills), self.work, self.after_a_kill, self.full_disk]
