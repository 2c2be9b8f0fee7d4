"""A rule that is edited while the program runs: cases keep what they started with, and a wrong file changes nothing."""

from datetime import timedelta
from pathlib import Path

import httpx

from domain.clock import SystemClock
from tests.acceptance.program import RunningMilepost, run_milepost
from tests.acceptance.test_main_job import event, send
from tests.waiting import eventually

ROUTING = 'route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: "http://127.0.0.1:9/"}]}]\n'
RULE = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
"""


def test_a_case_keeps_its_window_through_an_edit_and_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "rules").mkdir(parents=True)
    (config / "routing.yaml").write_text(ROUTING, encoding="utf-8")
    file = config / "rules" / "orders.yaml"
    file.write_text(RULE, encoding="utf-8")
    settings = {"MILEPOST_CONFIG": str(config)}
    with RunningMilepost(tmp_path, **settings) as milepost:
        eventually(lambda: len(milepost.ask("rules", "versions")["versions"]) == 1, "the rules are in force")
        send(milepost, [event(1, "order.approved", SystemClock().now() - timedelta(hours=1))])

        file.write_text(RULE.replace("4h", "1s"), encoding="utf-8")
        eventually(lambda: len(milepost.ask("rules", "versions")["versions"]) == 2, "the edit is taken")
        file.write_text(RULE.replace("4h", "0s"), encoding="utf-8")
        eventually(lambda: milepost.ask("rules", "versions")["refused"] is not None, "the wrong file is refused")
        [problem] = milepost.ask("rules", "versions")["refused"]["problems"]
        assert problem.endswith('rule "OrderNotPosted": milestone.within is 0s; give a duration above zero, such as 4h')
        assert "milepost_rules_reload_failed 1.0" in httpx.get(f"{milepost.collector}/metrics", timeout=30).text

        send(milepost, [event(2, "order.approved", SystemClock().now())])
        eventually(lambda: [alert["object_id"] for alert in milepost.alerts()] == ["O-2"], "the new case fires")

        file.write_text(RULE.replace("4h", "1s"), encoding="utf-8")
        eventually(lambda: milepost.ask("rules", "versions")["refused"] is None, "the right file is taken")
        moved = run_milepost(tmp_path, "rules", "migrate", "OrderNotPosted", "--reason", "agreed", **settings)
        assert moved.returncode == 0, moved.stderr
        eventually(
            lambda: {alert["object_id"] for alert in milepost.alerts()} == {"O-1", "O-2"}, "the migrated case fires"
        )
    listed = run_milepost(tmp_path, "rules", "versions", "OrderNotPosted", **settings)
    assert "the beginning" in listed.stdout
    assert run_milepost(tmp_path, "rules", "versions", "Other", **settings).returncode == 2
    file.write_text("groups: 1", encoding="utf-8")
    assert run_milepost(tmp_path, "up", **settings).returncode == 2
