"""The questions of a service beside what people decided about them."""

from collections.abc import Mapping

from fashionsdk.errors import LabelsError
from fashionsdk.labels import Correction, read_corrections
from fashionsdk.service.labelling._decisions import DecisionFile, Decisions
from fashionsdk.service.labelling._questions import KINDS, Cell, Kind, LabelQuestion, LabelQuestions, LabelSettings


class LabelSheet:
    """What is asked about a label table, and the answers.

    Args:
        settings: the files.

    Raises:
        LabelsError: a file cannot be read, they do not fit each other, or there is no folder for the corrections.
    """

    def __init__(self, settings: LabelSettings) -> None:
        if not settings.corrections.absolute().parent.is_dir():
            raise LabelsError(f"{settings.corrections}: its folder is not there; make it, or name another file")
        self.questions = LabelQuestions(settings)
        self._numbers = {kind: {each.number for each in self.questions.all if each.kind == kind} for kind in KINDS}
        _check_kept(settings)
        self._file = DecisionFile(settings.corrections)

    @property
    def values(self) -> Mapping[str, tuple[str, ...]]:
        """Attribute -> the values that a label may have."""
        return {name: tuple(values) for name, values in self.questions.values.items()}

    def decisions(self) -> Decisions:
        """Return what was decided so far.

        Raises:
            LabelsError: the file of corrections cannot be read.
        """
        return self._file.read()

    def answers(self, decisions: Decisions) -> dict[int, str]:
        """Return the decisions by their question's number, "" for no label."""
        cells = ((self.questions.cell_of(row), row.correct) for row in decisions.rows if row.correct is not None)
        numbers = self.questions.numbers
        return {numbers[cell]: correct for cell, correct in cells if cell in numbers and correct is not None}

    def counts(self, answers: Mapping[int, str]) -> dict[Kind, tuple[int, int]]:
        """Return how many questions of each kind there are, and how many are decided."""
        found = {}
        for kind, numbers in self._numbers.items():
            found[kind] = (len(numbers), len(numbers & answers.keys()))
        return found

    def chosen(
        self, kind: Kind, attribute: str | None, answers: Mapping[int, str], *, undecided: bool
    ) -> list[LabelQuestion]:
        """Return the questions of a kind, of one attribute or all, those that are decided left out or not."""
        return [
            each
            for each in self.questions.all
            if each.kind == kind and attribute in (None, each.attribute) and not (undecided and each.number in answers)
        ]

    def decide(self, tag: str, decided: Mapping[int, str | None]) -> Decisions:
        """Write decisions to the file of corrections: a value, "" for no label, ``None`` for undecided again.

        Raises:
            ChangedSince: somebody else has written since the file had this tag.
            ValueError: a question is unknown, or its attribute has no such value.
            LabelsError: the file cannot be read.
            OSError: it cannot be written.
        """
        for number, value in decided.items():
            self._check(number, value)
        return self._file.change(tag, lambda rows: self._changed(rows, decided))

    def _check(self, number: int, value: str | None) -> None:
        if not 0 <= number < len(self.questions.all):
            raise ValueError(f"there is no question {number}; expected 0 to {len(self.questions.all) - 1}")
        attribute = self.questions.all[number].attribute
        if value and value not in self.questions.values[attribute]:
            raise ValueError(f"{value[:200]!r} is no value of {attribute}; expected one of those, or '' for no label")

    def _changed(self, rows: tuple[Correction, ...], decided: Mapping[int, str | None]) -> list[Correction]:
        """Return the file's rows with new decisions; suspects stay in it, decided or not."""
        suspects = (each for each in self.questions.all if each.kind == "suspect")
        found: dict[Cell, Correction] = {self.questions.cell_of(each): _row(each, None) for each in suspects}
        found |= {self.questions.cell_of(row): row for row in rows}
        for number, value in decided.items():
            question = self.questions.all[number]
            cell = self.questions.cell_of(question)
            if value is None and question.kind == "unlabelled":
                found.pop(cell, None)
            else:
                found[cell] = _row(question, value)
        return list(found.values())


def _check_kept(settings: LabelSettings) -> None:
    """Check that decisions in the suspects' file are not passed over for a new file."""
    if settings.suspects in (None, settings.corrections) or settings.corrections.exists():
        return
    assert settings.suspects is not None
    if decided := len(read_corrections(settings.suspects).decided):
        raise LabelsError(
            f"{settings.suspects} has {decided} decisions already, which {settings.corrections} lacks; copy it there, "
            "or leave --corrections out to go on in the suspects' file"
        )


def _row(question: LabelQuestion, correct: str | None) -> Correction:
    about = (question.label, question.suggestion, question.doubt, question.box)
    return Correction(question.image, question.attribute, correct, *about)
