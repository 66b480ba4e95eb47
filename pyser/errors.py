"""The errors pyser raises: each says what was found, where, what was expected and what to do."""


class PyserError(Exception):
    """Base of all errors raised on purpose.

    Args:
        what: what was found, as a sentence without a final stop.
        where: file, ``file:line``, utterance id or option name it was found at.
        expected: what would have been accepted.
        remedy: what the user can do about it.
    """

    def __init__(self, what, where=None, expected=None, remedy=None):
        self.what, self.where, self.expected, self.remedy = what, where, expected, remedy
        parts = [f"{where}: {what}" if where else str(what)]
        if expected:
            parts.append(f"expected {expected}")
        if remedy:
            parts.append(str(remedy))
        super().__init__("; ".join(parts))

    def __reduce__(self):
        return type(self), (self.what, self.where, self.expected, self.remedy)


class InputError(PyserError, ValueError):
    """A value, array, file content or configuration that cannot be used."""


class FileError(PyserError, OSError):
    """A file that cannot be read or written."""


class UsageError(PyserError, ValueError):
    """A command line that cannot be understood; the command exits with 2."""
