"""The routing file: what is read from it, and every way it can be wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.config import load_routing
from alerts.matchers import Matcher
from alerts.notifiers.registry import build_integrations
from domain.errors import ConfigError

VALID = """\
route:
  receiver: ops
  group_by: [alertname]
  routes:
    - matchers: [team="billing", 'region=~"EMEA|APAC", severity!=info']
      receiver: finance
      continue: true
receivers:
  - name: ops
  - name: finance
    webhook_configs:
      - {url: "https://hooks.example.com/x", send_resolved: false, max_alerts: 5, timeout: 3s}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "routing.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    config = load_routing(written(tmp_path, VALID))
    (route,) = config.route.routes
    assert route.all_matchers == (
        Matcher("team", "=", "billing"),
        Matcher("region", "=~", "EMEA|APAC"),
        Matcher("severity", "!=", "info"),
    )
    assert route.continue_
    (webhook,) = config.receivers[1].webhook_configs
    assert (webhook.send_resolved, webhook.max_alerts, webhook.timeout) == (False, 5, timedelta(seconds=3))


def test_the_shipped_file_is_valid_and_tells_nobody() -> None:
    config = load_routing()
    assert config.route.receiver == "default"
    assert build_integrations(config, "http://127.0.0.1:8501", {}) == {"default": ()}


def test_paths_in_a_file_start_at_its_folder(tmp_path: Path) -> None:
    text = "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url_file: u, secret_file: /s}]}]\n"
    (webhook,) = load_routing(written(tmp_path, text)).receivers[0].webhook_configs
    assert (webhook.url_file, webhook.secret_file) == (tmp_path / "u", Path("/s"))


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        pytest.param(
            "  group_by: [alertname]",
            "  group_bye: [alertname]",
            [
                '3:3: route: unknown key "group_bye"; did you mean "group_by"? accepted: receiver, group_by, '
                "group_wait, group_interval, repeat_interval, incidents, matchers, mute_time_intervals, "
                "active_time_intervals, escalation, continue, routes"
            ],
            id="an unknown key",
        ),
        pytest.param(
            "receiver: finance",
            "receiver: finances",
            ['6:17: receiver "finances" is not under receivers; defined there: finance, ops'],
            id="an undefined receiver",
        ),
        pytest.param(
            "  - name: finance",
            "  - name: ops",
            [
                '6:17: receiver "finance" is not under receivers; defined there: ops',
                '10:11: receiver "ops" is given twice; give each name once',
            ],
            id="a receiver given twice, and the one then missing",
        ),
        pytest.param(
            "  group_by: [alertname]",
            "  group_interval: 0s",
            ["3:19: route.group_interval is 0s; give a duration above zero, such as 5m"],
            id="a zero group_interval",
        ),
        pytest.param(
            "  group_by: [alertname]",
            "  repeat_interval: 0s",
            ["3:20: route.repeat_interval is 0s; give a duration above zero, such as 5m"],
            id="a zero repeat_interval",
        ),
        pytest.param(
            "  group_by: [alertname]",
            "  group_wait: soon",
            [
                "3:15: route.group_wait: 'soon' is not a duration; give a duration such as 4h, 90m, 1h30m or 2d "
                "(units w, d, h, m, s, ms)"
            ],
            id="a wrong duration",
        ),
        pytest.param(
            "  group_by: [alertname]",
            "  matchers: [a=b]",
            ["3:13: route.matchers: the first route takes every alert; leave its matchers out"],
            id="a first route with matchers",
        ),
        pytest.param(
            "  group_by: [alertname]",
            "  continue: true",
            ["3:13: route.continue: the first route has no next one; leave continue out"],
            id="a first route that continues",
        ),
        pytest.param(
            "  receiver: ops\n",
            "",
            ["2:3: route: the first route needs a receiver; it gets what no other takes"],
            id="a first route without a receiver",
        ),
        pytest.param(
            'team="billing"',
            "team=~(",
            [
                "5:18: route.routes[0].matchers[0]: '(' is not a regular expression: missing ), unterminated "
                "subpattern at position 0"
            ],
            id="a bad regex",
        ),
        pytest.param(
            "[alertname]",
            "[..., alertname]",
            ["3:13: route.group_by is ... and other labels together; give [...] alone, or only labels"],
            id="all labels and one more",
        ),
        pytest.param(
            "[alertname]",
            "[region, region]",
            ['3:13: route.group_by is a list with "region" twice; give each label once'],
            id="a label twice",
        ),
        pytest.param(
            'url: "https://hooks.example.com/x", ',
            "",
            ['12:9: receiver "finance": webhook_configs[0]: give either url or url_file'],
            id="a webhook without an address",
        ),
        pytest.param(
            'url: "https://hooks.example.com/x"',
            "url: ftp://x",
            [
                '12:15: receiver "finance": webhook_configs[0].url is not a web address; '
                "give one such as https://hooks.example.com/milepost"
            ],
            id="an address of another kind",
        ),
        pytest.param(
            "max_alerts: 5",
            "secret_env: A, secret_file: b",
            ['12:9: receiver "finance": webhook_configs[0]: give at most one of secret_file and secret_env'],
            id="two secrets",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_every_place(tmp_path: Path, old: str, new: str, problems: list[str]) -> None:
    assert old in VALID
    path = written(tmp_path, VALID.replace(old, new))
    with pytest.raises(ConfigError) as refused:
        load_routing(path)
    assert str(refused.value).splitlines() == [f"{path}:{problem}" for problem in problems]


@pytest.mark.parametrize(
    ("webhook", "content", "message"),
    [
        pytest.param("url_file: absent", "", "{folder}/absent cannot be read: No such file or directory", id="no file"),
        pytest.param("url_file: there", "", "{folder}/there is empty", id="an empty file"),
        pytest.param(
            "url_file: there", "hook", "{folder}/there does not hold a web address", id="a file with no address"
        ),
        pytest.param("url: 'http://a:b/'", "", "url does not hold a web address", id="an address that cannot be one"),
        pytest.param(
            "url: 'http://127.0.0.1/', secret_env: HOOK_SECRET",
            "",
            "the environment variable HOOK_SECRET is not set",
            id="no variable",
        ),
    ],
)
def test_a_missing_secret_is_known_at_the_start(tmp_path: Path, webhook: str, content: str, message: str) -> None:
    (tmp_path / "there").write_text(content, encoding="utf-8")
    text = f"route: {{receiver: ops}}\nreceivers: [{{name: ops, webhook_configs: [{{{webhook}}}]}}]\n"
    config = load_routing(written(tmp_path, text))
    with pytest.raises(ConfigError) as refused:
        build_integrations(config, "http://127.0.0.1:8501", {})
    assert str(refused.value) == f'receiver "ops": webhook[0]: {message.format(folder=tmp_path)}'
