"""What people are making of rules, kept by the process: it outlasts a page that is drawn anew or opened again."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dashboard.rule_files import Draft
from domain.errors import Problem


@dataclass(frozen=True, slots=True)
class Tested:
    """What the tests of a draft came to; `problems` keeps them from running."""

    tests: int
    failures: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all ran and were as expected."""
        return not (self.failures or self.problems)


@dataclass(frozen=True, slots=True)
class Work:
    """A draft with what was found of it; `of` is the text that each was found of."""

    draft: Draft
    tested: tuple[str, Tested] | None = None
    backtested: tuple[str, Mapping[str, Any]] | None = None

    @property
    def text_id(self) -> str:
        """What tells one text of the draft from another."""
        return hashlib.sha256(f"{self.draft.text}\0{self.draft.tests}".encode()).hexdigest()

    @property
    def is_tested(self) -> bool:
        """Whether the tests passed with the text as it is."""
        return self.tested is not None and self.tested[0] == self.text_id and self.tested[1].passed


@dataclass(slots=True)
class Desk:
    """Everybody's drafts, by who makes them and the rule."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _works: dict[tuple[str, str], Work] = field(default_factory=dict)

    def find(self, who: str, rule: str) -> Work | None:
        """What somebody is making of a rule."""
        with self._lock:
            return self._works.get((who, rule))

    def put(self, who: str, work: Work) -> None:
        """Keeps it."""
        with self._lock:
            self._works[who, work.draft.name] = work

    def take(self, who: str, rule: str) -> None:
        """Forgets it."""
        with self._lock:
            self._works.pop((who, rule), None)


def with_texts(work: Work, text: str, tests: str) -> Work:
    """The same with other texts."""
    return replace(work, draft=replace(work.draft, text=text, tests=tests))
