"""The one exception that stands for a mistake of the user's."""


class UserError(Exception):
    """Something the user can put right: told in one line that says how, with exit code 2 and no traceback."""
