"""Texts in files that spreadsheets open: none of them is calculated with."""

import re

# With these a spreadsheet takes a field for a formula, at its beginning and where one set to another separator or
# line end would begin a field. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def harmless(text: str) -> str:
    """The text, with an apostrophe before whatever a spreadsheet would calculate with."""
    return _FORMULA.sub(r"\1'", text)
