"""Escalation and digests from outside: the installed program, a local webhook and a local mail server, and a kill."""

from datetime import timedelta
from pathlib import Path

from domain.clock import SystemClock
from tests.acceptance.program import RunningMilepost, run_milepost
from tests.acceptance.test_main_job import approved, posted, send
from tests.fakes import WebhookReceiver, webhook_receiver
from tests.vendors.smtp import mail_server
from tests.waiting import eventually

ROUTING = """
route: {{receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s, escalation: o2c}}
receivers:
  - {{name: ops, webhook_configs: [{{url: "{ops}"}}]}}
  - {{name: ana, webhook_configs: [{{url: "{ana}"}}]}}
  - {{name: boss, webhook_configs: [{{url: "{boss}"}}]}}
  - name: finance
    email_configs:
      - {{to: finance@example.com, from: m@example.com, smarthost: "127.0.0.1:{port}", require_tls: false}}
escalation:
  members: [{{name: ana, receivers: [ana]}}]
  rotations: [{{name: first, time_zone: UTC, starts_on: 2026-01-01, handover: "00:00", length: daily, members: [ana]}}]
  policies: [{{name: o2c, steps: [{{after: 2s, rotations: [first]}}, {{after: 2s, receivers: [boss]}}]}}]
digest: [{{name: finance_daily, at: "00:00", time_zone: UTC, receivers: [finance]}}]
"""


class Reader:
    """Reads what a webhook got, each id once, as receivers do that drop what a kill makes come again."""

    def __init__(self, webhook: WebhookReceiver) -> None:
        self._webhook = webhook
        self._ids: set[str] = set()

    def next(self) -> tuple[str, set[str]]:
        """Why the next message was sent, and what fires in it."""
        message = self._webhook.next(timeout=90)
        if message.json["notificationId"] in self._ids:
            return self.next()
        self._ids.add(message.json["notificationId"])
        return message.json["reason"], message.firing()


def test_whom_nobody_answers_calls_the_next_through_a_kill_and_finance_gets_one_table(tmp_path: Path) -> None:
    now = SystemClock().now()
    config = tmp_path / "config"
    config.mkdir()
    with (
        webhook_receiver() as ops,
        webhook_receiver() as ana,
        webhook_receiver() as boss,
        mail_server(tmp_path, encrypted=False) as mails,
    ):
        told = {name: Reader(one) for name, one in (("ops", ops), ("ana", ana), ("boss", boss))}
        text = ROUTING.format(ops=ops.url, ana=ana.url, boss=boss.url, port=mails.port)
        (config / "routing.yaml").write_text(text, encoding="utf-8")
        settings = {"MILEPOST_CONFIG": str(config)}
        with RunningMilepost(tmp_path, **settings) as milepost:
            # A new digest sends its newest at once: nothing is open yet.
            eventually(lambda: mails.mails, "the digest is sent")
            send(milepost, approved([1], now))
            assert told["ops"].next() == ("first_notification", {"O-1"})
            assert told["ana"].next() == ("escalated", {"O-1"})
            milepost.kill()
        with RunningMilepost(tmp_path, **settings) as milepost:
            assert told["boss"].next() == ("escalated", {"O-1"})
            [alert] = milepost.ask("alerts", "list", "--state", "firing")
            [group] = milepost.ask("alerts", "escalation", "--alert", alert["alert_id"])["groups"]
            assert (group["steps_reached"], group["told"], group["next_at"]) == (2, ["ana", "boss"], None)
            said = ("--comment", "stuck", "--by", "ana")
            assert run_milepost(tmp_path, "alerts", "escalate", alert["alert_id"], *said).returncode == 0
            assert told["ana"].next() == ("escalated", {"O-1"})
            assert run_milepost(tmp_path, "alerts", "snooze", alert["alert_id"], "--for", "1h", *said).returncode == 0
            [shown] = milepost.ask("alerts", "list", "--state", "firing")
            assert (shown["snoozed"]["by"], shown["snoozed"]["comment"]) == ("ana", "stuck")
            send(milepost, posted([1], now - timedelta(seconds=1)))
            for name in ("ops", "ana"):
                assert told[name].next() == ("all_resolved", set())
            # After the first step by hand the last one may have come again before the snooze.
            last = [told["boss"].next()]
            last += [told["boss"].next()] if last[0][0] == "escalated" else []
            assert last[-1] == ("all_resolved", set())
            digest = milepost.ask("alerts", "digest", "finance_daily")
            assert (digest["open"], digest["ended"]) == (0, 1)
        assert [one.is_quiet() for one in (ops, ana, boss)] == [True] * 3
        [mail] = mails.mails
        assert mail.message["Subject"] == "[Milepost] Digest finance_daily: nothing open, 0 ended"
        assert [one.get_content_type() for one in mail.message.iter_attachments()] == ["text/csv"]
