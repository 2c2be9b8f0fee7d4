"""interventions.yaml: what it becomes, and every way in which it can be wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.interventions.config import Interventions, load_interventions
from domain.errors import ConfigError

WHOLE = """\
hosts: [erp.example.com, "middleware:8443"]
order: [customer, order]
interventions:
  - name: repost_order
    description: Send an order to the ERP again
    object: order
    method: PUT
    url: https://erp.example.com/orders/{object_id}?entity={legal_entity}
    headers:
      Authorization: {file: token, prefix: "Bearer "}
      X-Tenant: "{attributes.tenant}"
    body: {order: "{object_id}", lines: [{amount: "{amount}"}], urgent: true}
    timeout: 5s
    give_up_after: 30s
    taken: [200, 409]
    expects: {milestone: order.posted, within: 10m, after: order.approved, skew: 2m}
    rate_limit: {calls: 10, per: 1m}
    approval: second_person
    approval_expires: 8h
    period: any
"""
NAME = "    name: repost_order"


def load(folder: Path, text: str) -> Interventions:
    path = folder / "interventions.yaml"
    path.write_text(text)
    return load_interventions(path)


def changed(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new, 1)


def test_an_intervention_with_every_key_is_read_whole(tmp_path: Path) -> None:
    found = load(tmp_path, WHOLE)
    config = found.by_name["repost_order"]

    assert found.known == {"repost_order": "order"}
    assert (config.method, config.taken, config.period) == ("PUT", (200, 409), "any")
    assert config.headers["Authorization"].file == tmp_path / "token"
    assert config.expects.within == timedelta(minutes=10)
    assert [found.rank(kind) for kind in ("customer", "order", "invoice", "vendor")] == [0, 1, 2, 2]


def test_without_a_file_there_are_none() -> None:
    assert load_interventions(None).known == {}
    assert load_interventions(None).unknown("repost_order") == (
        'there is no intervention "repost_order"; '
        "none is defined: interventions.yaml in MILEPOST_CONFIG would hold them"
    )


def test_by_default_objects_are_called_for_in_the_order_of_dependency(tmp_path: Path) -> None:
    found = load(tmp_path, changed("order: [customer, order]\n", ""))

    assert [found.rank(kind) for kind in ("customer", "order", "invoice", "payment", "vendor")] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        pytest.param("https://erp.example.com/x", "[erp.example.com]", id="the usual port"),
        pytest.param("https://ERP.example.com:443/x", "[erp.example.com]", id="the usual port, written out"),
        pytest.param("https://erp.example.com/x", '["erp.example.com:443"]', id="the usual port among the hosts"),
        pytest.param("http://[::1]:8443/x", '["[::1]:8443"]', id="an address of IPv6"),
    ],
)
def test_a_host_may_be_named_with_its_port_or_without(tmp_path: Path, url: str, hosts: str) -> None:
    text = changed("https://erp.example.com/orders/{object_id}?entity={legal_entity}", f'"{url}"')

    assert load(tmp_path, text.replace('[erp.example.com, "middleware:8443"]', hosts)).known


ONE_WRONG = [
    ("hosts: [erp.example.com, ", "hosts: [crm.example.com, ", "8:10", "url calls erp.example.com, not under hosts; "
     "allowed: crm.example.com, middleware:8443"),
    ("erp.example.com/orders", "erp.example.com:8080/orders", "8:10", "url calls erp.example.com:8080, not under "
     'hosts; allowed: erp.example.com, middleware:8443'),
    ("https://erp.example.com/", "https://{region}.example.com/", "8:10", "url is an address whose host is filled in; "
     "calls go to configured hosts only: write it out"),
    ("https://erp.example.com/", "https://me:secret@erp.example.com/", "8:10", "url is an address with a name or a "
     "password, which do not belong in this file; use headers"),
    ("https://erp.example.com/orders/{object_id}?entity={legal_entity}", "ftp://erp.example.com", "8:10", 'url is '
     '"ftp://erp.example.com"; give a web address such as https://erp.example.com/orders/{object_id}'),
    ("{object_id}?", "{objectid}?", "8:10", "url is a template with {objectid}, which nothing fills in; accepted: "
     "{object_type}, {object_id}, {amount}, {currency}, {legal_entity}, {region}, {correlation_id}, {attributes.NAME}"),
    ("{object_id}?", "{object_id?", "8:10", "url is a template with a brace that has no partner; only placeholders "
     "stand in braces"),
    ("{file: token, prefix: \"Bearer \"}", "Bearer abc", "10:22", "headers.Authorization is a secret, which does not "
     "belong in this file; give {file: NAME}, a file that holds it, or {env: NAME}, an environment variable"),
    ("{file: token, prefix", "{file: token, env: TOKEN, prefix", "10:22", "headers.Authorization: give either text or "
     "file or env"),
    ("      X-Tenant:", "      Idempotency-Key:", "11:24", "headers.Idempotency-Key: Idempotency-Key is set by "
     "Milepost; leave it out"),
    ("[{amount: \"{amount}\"}]", "[{amount: \"{sum}\"}]", "12:11", "body is a template with {sum}, which nothing fills "
     "in; accepted: {object_type}, {object_id}, {amount}, {currency}, {legal_entity}, {region}, {correlation_id}, "
     "{attributes.NAME}"),
    ("method: PUT", "method: GET", "7:13", "method is \"GET\"; give 'POST', 'PUT' or 'PATCH'"),
    ("[200, 409]", "[200, 500]", "15:18", "taken[1] is 500; give a status that can say a call is taken: 2xx, or one "
     "such as 409"),
    ("[200, 409]", "[200, 429]", "15:18", "taken[1] is 429; give a status that can say a call is taken: 2xx, or one "
     "such as 409"),
    ("within: 10m, ", "", "16:14", "expects.within is missing"),
    ("give_up_after: 30s", "give_up_after: 2h", "14:20", "give_up_after is more than 1h; somebody waits for the "
     "outcome: give less"),
    ("timeout: 5s", "timeout: 0s", "13:14", "timeout is 0s; give a duration above zero, such as 5m"),
    ("second_person", "third_person", "18:15", "approval is \"third_person\"; give 'second_person'"),
    ("name: repost_order", "name: Repost order", "4:11", "name is \"Repost order\"; give a snake_case name, such as "
     "repost_order"),
    ("    period: any", "    periods: any", "20:5", 'unknown key "periods"; did you mean "period"? accepted: name, '
     "description, object, method, url, headers, body, timeout, give_up_after, taken, expects, rate_limit, approval, "
     "approval_expires, period, http_config"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "message"), ONE_WRONG, ids=[one[3][:40] for one in ONE_WRONG])
def test_one_thing_wrong_is_one_problem_with_its_place(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(tmp_path, changed(old, new))

    _, _, told = str(refusal.value).partition("interventions.yaml:")
    name = "Repost order" if "Repost order" in new else "repost_order"
    assert told == f'{place}: intervention "{name}": {message}'


def test_a_name_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(tmp_path, WHOLE + WHOLE[WHOLE.index("  - name") :])

    assert str(refusal.value).endswith(':21:11: intervention "repost_order" is given twice; give each name once')


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(tmp_path, changed("method: PUT", "method: GET").replace("timeout: 5s", "timeout: soon"))

    assert [problem.line for problem in sorted(refusal.value.problems)] == [7, 13]
