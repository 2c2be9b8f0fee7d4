"""An order that Salesforce approves and SAP has to post, told by both in their own words to the installed program."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.source_definitions import SHIPPED
from tests.acceptance.program import RunningMilepost

# Salesforce approved it at 10:02:03; within four hours SAP has to have it.
APPROVED = (SHIPPED / "samples/salesforce/order_activated_streaming.json").read_text()
POSTED = (SHIPPED / "samples/sap_s4hana/sales_order_created.json").read_text()
SECRETS = {"SALESFORCE_TOKEN": "crm", "SAP_S4HANA_TOKEN": "erp"}
ORDER = "8015g000000ABCDAA4"


def send(milepost: RunningMilepost, source: str, token: str, body: str) -> int:
    url = f"{milepost.collector}/v1/sources/{source}"
    return httpx.post(url, content=body, headers={"authorization": f"Bearer {token}"}, timeout=30).status_code


def standing(milepost: RunningMilepost, at: str) -> list[tuple[Any, ...]]:
    return [(row["alert"], row["object_id"], row["state"]) for row in milepost.ask("evaluate", "--at", at)]


@pytest.mark.parametrize(
    ("posted_at", "expected"),
    [
        pytest.param("2026-01-02T13:00:00Z", [], id="in time"),
        pytest.param("2026-01-02T14:30:00Z", [("OrderNotPosted", ORDER, "resolved")], id="too late"),
        pytest.param(None, [("OrderNotPosted", ORDER, "firing")], id="never"),
    ],
)
def test_an_order_is_owed_by_sap_once_salesforce_approved_it(
    tmp_path: Path, posted_at: str | None, expected: list[tuple[str, str, str]]
) -> None:
    with RunningMilepost(tmp_path, **SECRETS) as milepost:
        answers = [send(milepost, "salesforce", "crm", APPROVED)]
        if posted_at:
            answers.append(send(milepost, "sap_s4hana", "erp", POSTED.replace("2026-01-02T09:05:00Z", posted_at)))

        assert set(answers) == {200}
        assert standing(milepost, "2026-01-02T15:00:00Z") == expected


def test_whose_secret_is_there_is_told_at_the_start(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path, **SECRETS) as milepost:
        without_proof = send(milepost, "salesforce", "erp", APPROVED)
        without_secret = send(milepost, "stripe", "any", "{}")

    assert "sources    salesforce, sap_s4hana" in milepost.lines
    assert (without_proof, without_secret) == (401, 503)
