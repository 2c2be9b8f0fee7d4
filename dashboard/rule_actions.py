"""What the console does with rules: tries a draft, and saves it where all is right and somebody may."""

from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard import people, reads, rule_reads
from dashboard.rule_drafts import Tested
from dashboard.rule_files import (
    Draft,
    RuleFiles,
    backtest_draft,
    check_draft,
    place_to_save,
    run_draft_tests,
    save_draft,
)
from dashboard.session import current
from domain.audit import Act, ActKind
from domain.errors import ConfigError, UsageError
from domain.permission import Permission
from rules.replay import By, Progress
from storage.audit import write_audit

# Of a diff, what an entry of the audit log holds.
_LONGEST_DIFF = 50_000


def files() -> RuleFiles:
    """Where rules are; UsageError where the console is shown without them."""
    found = current().rule_files
    if found is None:
        raise UsageError("the console was started without rules; start it with `milepost up`")
    return found


def test_draft(draft: Draft) -> Tested:
    """What the tests of a draft come to."""
    try:
        report = run_draft_tests(files(), draft, current().store)
    except ConfigError as error:
        problems = [type(one)(Path(one.path.name), one.line, one.column, one.message) for one in error.problems]
        return Tested(0, problems=tuple(problems))
    return Tested(report.tests, tuple(report.failures))


def backtest(draft: Draft, since: datetime, until: datetime, by: By, progress: Progress) -> dict[str, Any]:
    """What a draft would have told beside what runs."""
    return backtest_draft(files(), draft, current().store, since, until, by, progress)


def save_rule(draft: Draft, who: str, reason: str) -> Path:
    """Where the rule stands now; UsageError for what is not right, with nothing changed."""
    by = people.acting(Permission.CHANGE_RULES, who, reason)
    if not draft.is_changed:
        raise UsageError("nothing is changed; edit the rule first")
    checked = check_draft(files(), draft)
    if checked.problems:
        raise UsageError(f"the rule is not right: {checked.problems[0]}")
    if not checked.rules:
        raise UsageError("no rule is left in the text; a rule that should go is taken out of its file by hand")
    if not test_draft(draft).passed:
        raise UsageError("its tests do not pass; change the rule or its tests until they do")
    # Before anything is written down of what then could not be done.
    place_to_save(files(), draft)
    context = current()
    details = {
        "file": draft.place.path.name,
        "versions": {rule.name: rule.version for rule in checked.rules},
        "diff": draft.diff[:_LONGEST_DIFF],
    }
    write_audit(context.store, Act(ActKind.RULE_SAVE, by, draft.name, reason.strip(), details), context.clock.now())
    path = save_draft(files(), draft)
    reads.forget_alerts()
    rule_reads.forget_rules()
    return path
