"""The rule files as the console reads, tries and writes them: one rule at a time, in the file that it stands in."""

import difflib
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from domain.contract import Contracts
from domain.errors import ConfigError, Problem, UsageError
from domain.intervention import KnownInterventions
from domain.kpi_watch import KnownKpis
from domain.rule import Rule
from rules.backtest import backtest
from rules.backtest_report import backtest_report
from rules.loader import TEST_SUFFIX, load_rules_by_file, rule_files
from rules.references import References, load_references
from rules.replay import By, Progress, Span
from rules.rule_tests import RuleTestReport, run_rule_tests
from rules.rule_warnings import warnings_in
from storage.client import Store
from storage.milestones import true_conditions


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """Where rules are: `folder` gives the one in use, `own` is the user's, None where there is no place for one.

    `running` gives the rules in force, `refused` since when and why the files are not, if they are wrong.
    """

    folder: Callable[[], Path]
    own: Path | None
    calendars: Callable[[], Path]
    contracts: Contracts
    interventions: KnownInterventions
    kpis: KnownKpis | None
    running: Callable[[], Sequence[Rule]]
    refused: Callable[[], Mapping[str, Any] | None]

    @property
    def are_own(self) -> bool:
        """Whether the user's rules are in use, and not the shipped ones."""
        return self.own is not None and self.folder() == self.own

    def references(self) -> References:
        """What rules refer to, as it is now."""
        return load_references(self.calendars(), self.contracts, self.interventions, self.kpis)

    def place_of(self, name: str) -> "Place | None":
        """Where a rule stands; None where no file has it, or none by itself."""
        for path in rule_files([self.folder()]):
            if found := _find(self.folder(), path, path.read_text(encoding="utf-8"), name):
                return found
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """A rule in its file: its lines without their indentation, and the tests of the whole file beside it."""

    root: Path
    path: Path
    content: str
    first: int
    last: int
    indentation: str
    tests: str

    @property
    def text(self) -> str:
        """The rule by itself."""
        return dedent("".join(self.content.splitlines(keepends=True)[self.first : self.last])).rstrip() + "\n"

    @property
    def relative(self) -> Path:
        """Where it is in the folder of rules."""
        return self.path.relative_to(self.root)

    @property
    def tests_path(self) -> Path:
        """Where its tests stand."""
        return self.path.with_name(self.path.stem + TEST_SUFFIX)

    def with_text(self, text: str) -> str:
        """The whole file with another text of the rule."""
        lines = self.content.splitlines(keepends=True)
        inner = indent(text.replace("\r\n", "\n").strip("\n") + "\n", self.indentation)
        # The blank lines behind it stay.
        kept = "".join(lines[self.first : self.last])
        blank = kept[len(kept.rstrip()) :].partition("\n")[2]
        return "".join([*lines[: self.first], inner, blank, *lines[self.last :]])


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody makes of a rule: on the place as it was when they began."""

    name: str
    place: Place
    text: str
    tests: str

    @property
    def is_changed(self) -> bool:
        """Whether anything is other than it was."""
        return (self.text.strip(), self.tests.strip()) != (self.place.text.strip(), self.place.tests.strip())

    @property
    def diff(self) -> str:
        """What is changed in both files, as a unified diff."""
        files = (
            (self.place.path.name, self.place.content, self.place.with_text(self.text)),
            (self.place.tests_path.name, self.place.tests, self.tests),
        )
        return "".join(
            line
            for name, before, after in files
            for line in difflib.unified_diff(
                before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}", n=2
            )
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check says of a draft; the lines of problems in the rule are those of its own text."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    rules: tuple[Rule, ...] = ()


def check_draft(files: RuleFiles, draft: Draft) -> Checked:
    """Reads all rules with the draft in its place."""
    try:
        with _as_if_saved(files, draft) as (folder, path):
            references = files.references()
            by_file = load_rules_by_file([folder], references)
            warnings = [one for one in warnings_in([folder], references, None) if one.path == path]
            rules = tuple(rule for rule in by_file.get(path, []) if rule.name in _names(draft.text))
            return Checked((), tuple(_told(one, draft, path) for one in warnings if _is_in(one, draft)), rules)
    except ConfigError as error:
        return Checked(tuple(_told(one, draft, None) for one in sorted(error.problems)))


def run_draft_tests(files: RuleFiles, draft: Draft, store: Store) -> RuleTestReport:
    """Runs the tests of the draft's file; ConfigError where it cannot be read."""
    with _as_if_saved(files, draft) as (folder, path):
        references = files.references()
        paths = [path]
        try:
            load_rules_by_file(paths, references)
        except ConfigError:
            # It is about rules of other files.
            paths = [folder]
        report = run_rule_tests(paths, references, functools.partial(true_conditions, store))
    own = {path.name, draft.place.tests_path.name}
    failures = [replace(one, path=Path(one.path.name)) for one in report.failures if one.path.name in own]
    return RuleTestReport(report.tests, failures)


def backtest_draft(
    files: RuleFiles, draft: Draft, store: Store, since: datetime, until: datetime, by: By, progress: Progress
) -> dict[str, Any]:
    """What the draft would have told, beside what the rule that runs would; ConfigError where it cannot be read."""
    checked = check_draft(files, draft)
    if checked.problems:
        raise ConfigError(list(checked.problems))
    names = {rule.name for rule in checked.rules} | {draft.name}
    running = tuple(rule for rule in files.running() if rule.name in names)
    span = Span(since, until)
    found = backtest(store, [*running, *checked.rules], span, by, progress, files.contracts)
    return backtest_report(found, running, checked.rules)


def place_to_save(files: RuleFiles, draft: Draft) -> tuple[Path, Place]:
    """The user's folder, and the rule as it stands now; UsageError where the draft cannot be saved over it."""
    if files.own is None:
        raise UsageError("there is no folder of your own rules; set MILEPOST_CONFIG to a folder and start again")
    # By now it may stand in the user's folder, where it stood in the shipped one.
    path = files.folder() / draft.place.relative
    now = _find(files.folder(), path, _read(path), draft.name)
    if now is None or (now.text, now.tests) != (draft.place.text, draft.place.tests):
        raise UsageError(
            "the rule's file has changed since you began; copy your draft, start over, and put it in again"
        )
    return files.own, now


def save_draft(files: RuleFiles, draft: Draft) -> Path:
    """Writes the draft to the user's folder, each file whole or not at all; UsageError where that cannot be.

    Where the shipped rules are in use the user's folder is made first, as a copy of all of them.
    """
    own, now = place_to_save(files, draft)
    try:
        if not files.are_own:
            _copy_folder(files.folder(), own)
        path = own / draft.place.relative
        if draft.tests.strip() != now.tests.strip():
            _write(path.with_name(draft.place.tests_path.name), draft.tests.rstrip() + "\n")
        _write(path, now.with_text(draft.text))
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from None
    return path


@contextmanager
def _as_if_saved(files: RuleFiles, draft: Draft) -> Iterator[tuple[Path, Path]]:
    """A copy of all rule files with the draft in its place, and where the draft's file is in it."""
    source = files.folder()
    with tempfile.TemporaryDirectory(prefix="milepost-draft-") as parent:
        folder = Path(parent) / "rules"
        shutil.copytree(source, folder, ignore=_only_yaml)
        path = folder / draft.place.relative
        path.write_text(draft.place.with_text(draft.text), encoding="utf-8")
        path.with_name(draft.place.tests_path.name).write_text(draft.tests, encoding="utf-8")
        yield folder, path


def _only_yaml(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if not (Path(folder, name).is_dir() or name.endswith(".yaml"))}


def _told(problem: Problem, draft: Draft, path: Path | None) -> Problem:
    """The problem by the file's name; in the rule's own lines where it is there."""
    name = Path(problem.path.name)
    if problem.path.name != draft.place.path.name or not _is_in(problem, draft):
        return replace(problem, path=name)
    width = len(draft.place.indentation)
    column = max(problem.column - width, 1) if problem.column else 0
    return Problem(Path(draft.name), problem.line - draft.place.first, column, problem.message)


def _is_in(problem: Problem, draft: Draft) -> bool:
    return 0 < problem.line - draft.place.first <= draft.text.count("\n") + 1


def _names(text: str) -> set[str]:
    return set(re.findall(r"^\s*(?:- )?alert:\s*['\"]?([\w]+)", text, re.MULTILINE))


def _find(root: Path, path: Path, content: str, name: str) -> Place | None:
    lines = content.splitlines(keepends=True)
    begin = re.compile(rf"(\s*)- alert:\s*['\"]?{re.escape(name)}['\"]?\s*(#.*)?$")
    for number, line in enumerate(lines):
        found = begin.match(line.rstrip("\n"))
        if found:
            width = len(found[1])
            last = next(
                (
                    after
                    for after in range(number + 1, len(lines))
                    if lines[after].strip() and len(lines[after]) - len(lines[after].lstrip()) <= width
                ),
                len(lines),
            )
            tests = path.with_name(path.stem + TEST_SUFFIX)
            return Place(root, path, content, number, last, found[1], _read(tests) if tests.exists() else "")
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _copy_folder(source: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".rules-", dir=target.parent) as parent:
        copy = Path(parent) / "rules"
        shutil.copytree(source, copy, ignore=_only_yaml)
        copy.rename(target)


def _write(path: Path, text: str) -> None:
    # Not with the suffix by which rule files are found.
    beginning = path.with_name(f".{path.name}.new")
    with beginning.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, beginning)
    beginning.replace(path)
