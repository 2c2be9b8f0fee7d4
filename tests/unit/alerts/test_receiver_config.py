"""The entries under a receiver: what is read from them, and every way they can be wrong."""

import shutil
import subprocess
from pathlib import Path

import pytest

from alerts.config import load_routing
from alerts.notifiers.registry import build_integrations
from domain.errors import ConfigError
from tests.vendors.smtp import self_signed

AMTOOL = shutil.which("amtool")
# Keys that Alertmanager has, too, in the version that Debian ships; Teams and a token for Slack came later.
SHARED = """\
route: {receiver: finance}
receivers:
  - name: finance
    webhook_configs:
      - {url: "https://hooks.example.com/x", send_resolved: true, max_alerts: 10, http_config: {proxy_url: "http://127.0.0.1:3128"}}
    slack_configs:
      - {api_url_file: address, channel: "#finance", username: Milepost, icon_emoji: ":moneybag:", send_resolved: true}
    pagerduty_configs:
      - {routing_key_file: key, url: "https://events.eu.pagerduty.com/v2/enqueue", severity: warning,
         component: billing, group: o2c, class: late,
         http_config: {tls_config: {ca_file: certificate.pem}, follow_redirects: false}}
    opsgenie_configs:
      - {api_key_file: key, api_url: "https://api.eu.opsgenie.com/", tags: "o2c, finance", priority: P2,
         entity: billing, update_alerts: true,
         responders: [{name: finance, type: team}, {username: cfo@example.com, type: user}]}
    email_configs:
      - {to: "finance@example.com, CFO <cfo@example.com>", from: milepost@example.com,
         smarthost: "smtp.example.com:587", hello: milepost.example.com, auth_username: milepost,
         auth_password_file: key, require_tls: true, tls_config: {ca_file: certificate.pem}}
"""
OURS = """\
route: {receiver: finance}
receivers:
  - name: finance
    slack_configs:
      - {app_token_file: key, channel: "#finance", update_message: false, icon_url: "https://example.com/icon.png"}
    msteamsv2_configs: [{webhook_url_file: address, timeout: 5s}]
    msteams_configs: [{webhook_url_file: address}]
    alertmanager_configs: [{url: "http://127.0.0.1:9093", token_file: key}]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "routing.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "address").write_text("https://hooks.example.com/secret\n", encoding="utf-8")
    (folder / "key").write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    return path


def names(folder: Path, text: str) -> list[str]:
    self_signed(folder)
    built = build_integrations(load_routing(written(folder, text)), "", {})["finance"]
    for one in built:
        one.notifier.close()
    return [one.name for one in built]


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_routing(path)
    return [line.removeprefix(f"{path}:") for line in str(refused.value).splitlines()]


def test_every_kind_is_built_in_the_order_of_kinds(tmp_path: Path) -> None:
    assert names(tmp_path, SHARED) == ["webhook[0]", "slack[0]", "pagerduty[0]", "opsgenie[0]", "email[0]"]
    assert names(tmp_path, OURS) == ["slack[0]", "msteamsv2[0]", "msteams[0]", "alertmanager[0]"]


@pytest.mark.skipif(AMTOOL is None, reason="amtool is not installed")
def test_alertmanagers_own_checker_accepts_what_the_two_share(tmp_path: Path) -> None:
    self_signed(tmp_path)
    path = written(tmp_path, SHARED)
    checked = subprocess.run([str(AMTOOL), "check-config", str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_readmes_receivers_are_read(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    example = readme.partition("### Receivers")[2].partition("```yaml\n")[2].partition("```")[0]
    (receiver,) = load_routing(written(tmp_path, example)).receivers
    shown = {name.partition("[")[0] for name, _ in receiver.integrations()}
    assert shown == {key.removesuffix("_configs") for key in type(receiver).model_fields} - {"name", "msteams"}


def test_what_alertmanager_leaves_out_by_default_is_left_out_here(tmp_path: Path) -> None:
    texts = (SHARED.replace(", send_resolved: true", ""), OURS)
    receivers = [load_routing(written(tmp_path, text)).receivers[0] for text in texts]
    defaults = {
        name.partition("[")[0]: one.send_resolved for receiver in receivers for name, one in receiver.integrations()
    }
    assert defaults == {
        "webhook": True,
        "slack": False,
        "pagerduty": True,
        "opsgenie": True,
        "email": False,
        "msteamsv2": True,
        "msteams": True,
        "alertmanager": True,
    }


def entry(kind: str, text: str) -> str:
    return f"route: {{receiver: a}}\nreceivers:\n  - name: a\n    {kind}_configs:\n      - {text}\n"


MAIL = "to: a@b.c, from: m@b.c, smarthost: 'b.c:25'"


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        *(
            pytest.param(
                kind,
                f"{{{key}: abc{more}}}",
                f"5:{12 + len(key)}: {{}}.{key} is a secret, which does not belong in this file; give {key}_file, the "
                f"name of a file that holds it, or {key}_env, the name of an environment variable",
                id=f"{kind}'s {key} in the file",
            )
            for kind, key, more in [
                ("pagerduty", "routing_key", ""),
                ("slack", "api_url", ""),
                ("slack", "app_token", ", channel: x"),
                ("msteamsv2", "webhook_url", ""),
                ("opsgenie", "api_key", ""),
                ("email", "auth_password", f", {MAIL}"),
                ("alertmanager", "token", ", url: 'http://a'"),
                ("apprise", "url", ""),
            ]
        ),
        pytest.param("pagerduty", "{}", "5:9: {}: give either routing_key_file or routing_key_env", id="no key"),
        pytest.param(
            "slack",
            "{app_token_env: T}",
            "5:9: {}: an app can post to many channels; give channel, such as #order-to-cash",
            id="a token without a channel",
        ),
        pytest.param(
            "slack",
            "{api_url_env: A, app_token_env: T}",
            "5:9: {}: give either api_url_file or api_url_env or app_token_file or app_token_env",
            id="two ways to Slack",
        ),
        pytest.param(
            "slack",
            "{api_url_env: A, username: '{{{{ .Status }}}}'}",
            "5:36: {}.username is a template; Milepost writes its own messages: give plain text, or leave it out",
            id="a template",
        ),
        pytest.param(
            "slack",
            "{api_url_env: A, titel: x}",
            '5:26: {}: unknown key "titel"; accepted: send_resolved, timeout, http_config, api_url_file, api_url_env, '
            "app_token_file, app_token_env, app_url, signing_secret_file, signing_secret_env, response_url, channel, "
            "update_message, username, icon_emoji, icon_url",
            id="an unknown key, where secrets are not offered",
        ),
        pytest.param(
            "email",
            "{to: nobody, from: m@b.c, smarthost: 'b.c:25'}",
            "5:14: {}.to is not a list of e-mail addresses; give one such as finance@example.com, or several "
            "with commas between",
            id="an address that is none",
        ),
        pytest.param(
            "email",
            '{to: "a@b.c\\r\\nBcc: x@y.z", from: m@b.c, smarthost: "b.c:25"}',
            "5:14: {}.to is not a list of e-mail addresses; give one such as finance@example.com, or several "
            "with commas between",
            id="an address that would be a header",
        ),
        pytest.param(
            "email",
            "{to: a@b.c, from: m@b.c, smarthost: b.c}",
            "5:45: {}.smarthost is not a host with a port; give one such as smtp.example.com:587",
            id="a mail server without a port",
        ),
        pytest.param(
            "email",
            f"{{{MAIL}, auth_username: u, auth_password_env: P, require_tls: false}}",
            "5:9: {}: a password goes over TLS only; leave require_tls: false out",
            id="a password in the clear",
        ),
        pytest.param(
            "email",
            f"{{{MAIL}, auth_password_env: P}}",
            "5:9: {}: give auth_username with the password",
            id="a password of nobody",
        ),
        pytest.param(
            "opsgenie",
            "{api_key_env: K, responders: [{type: team}]}",
            "5:39: {}.responders[0]: give either id or name or username",
            id="a responder without a name",
        ),
        pytest.param(
            "opsgenie",
            "{api_key_env: K, priority: P0}",
            "5:36: {}.priority is \"P0\"; give 'P1', 'P2', 'P3', 'P4' or 'P5'",
            id="a priority that there is not",
        ),
        pytest.param(
            "webhook",
            "{url: 'http://a', http_config: {follow_redirects: true}}",
            "5:59: {}.http_config.follow_redirects is true; messages go to configured addresses only: give false, or "
            "leave it out",
            id="redirects",
        ),
        pytest.param(
            "webhook",
            "{url: 'http://a', http_config: {proxy_url: 'http://u:p@a'}}",
            "5:52: {}.http_config.proxy_url is an address with a password, which does not belong in this file; "
            "give one without",
            id="a proxy with a password",
        ),
        pytest.param(
            "webhook",
            "{url: 'http://a', http_config: {tls_config: {cert_file: c}}}",
            "5:53: {}.http_config.tls_config: give cert_file and key_file together",
            id="a certificate without its key",
        ),
    ],
)
def test_a_wrong_entry_is_refused_at_its_place(tmp_path: Path, kind: str, text: str, problem: str) -> None:
    text = text.replace("{{{{", "{{").replace("}}}}", "}}")
    place = f'receiver "a": {kind}_configs[0]'
    assert problems(written(tmp_path, entry(kind, text))) == [problem.replace("{}", place, 1)]


@pytest.mark.parametrize(
    ("kind", "text", "environ", "message"),
    [
        pytest.param(
            "pagerduty",
            "{routing_key_env: PD_KEY}",
            {},
            "the environment variable PD_KEY is not set",
            id="a variable that is not set",
        ),
        pytest.param(
            "pagerduty",
            "{routing_key_env: PD_KEY}",
            {"PD_KEY": "two words"},
            "the environment variable PD_KEY holds spaces or characters that a secret cannot have",
            id="a secret that cannot be one",
        ),
        pytest.param(
            "slack",
            "{api_url_env: HOOK}",
            {"HOOK": "hooks.slack.com/x"},
            "the environment variable HOOK does not hold a web address",
            id="an address without a scheme",
        ),
        pytest.param(
            "email",
            f"{{{MAIL}, auth_username: u, auth_password_env: P}}",
            {"P": "pässword"},
            "the environment variable P holds characters that SMTP has no way to send",
            id="a password that SMTP cannot send",
        ),
        pytest.param(
            "webhook",
            "{url: 'http://a/', http_config: {tls_config: {ca_file: key}}}",
            {},
            "{folder}/key cannot be read: it holds no certificate",
            id="a certificate that is none",
        ),
        pytest.param(
            "email",
            f"{{{MAIL}, tls_config: {{ca_file: absent}}}}",
            {},
            "{folder}/absent cannot be read: No such file or directory",
            id="a certificate that is not there",
        ),
    ],
)
def test_what_an_entry_names_must_be_there_at_the_start(
    tmp_path: Path, kind: str, text: str, environ: dict[str, str], message: str
) -> None:
    config = load_routing(written(tmp_path, entry(kind, text)))
    with pytest.raises(ConfigError) as refused:
        build_integrations(config, "", environ)
    assert str(refused.value) == f'receiver "a": {kind}[0]: {message.replace("{folder}", str(tmp_path))}'
