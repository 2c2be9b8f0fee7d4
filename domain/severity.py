"""How grave severities are beside each other; rules may name others as they like."""

# The worst first. Others stand between warning and critical.
_RANKS = {"critical": 0, "error": 1, "high": 1, "warning": 3, "info": 4, "none": 5}
_OTHER = 2
_NONE_AT_ALL = 6


def severity_rank(severity: str) -> int:
    """A number that is lower the graver a severity is; the highest for the empty one, which nothing has."""
    return _RANKS.get(severity, _OTHER) if severity else _NONE_AT_ALL
