"""Text from files and users on its way to a terminal, which obeys control characters."""


def printable(text: str) -> str:
    """Return the text on one line, with control characters and undecodable bytes escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def printable_lines(text: str) -> str:
    """Return the text with its line breaks, and everything else escaped as in `printable`."""
    return "\n".join(map(printable, text.split("\n")))
