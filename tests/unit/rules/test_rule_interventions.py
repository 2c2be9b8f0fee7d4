"""A rule that names an intervention: what it becomes, and how it can be wrong."""

from pathlib import Path

import pytest

from domain.errors import ConfigError
from rules.loader import load_rules
from rules.references import References
from tests.unit.rules.test_loader import CALENDARS, WHOLE, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


NAMES_AN_INTERVENTION = WHOLE.replace(
    "        at_risk: 75%\n", "        at_risk: 75%\n        intervention: repost_order\n"
)


@pytest.mark.usefixtures("folder")
def test_a_rule_names_an_intervention_in_its_annotations() -> None:
    quiet = load(WHOLE)
    Path("rules.yaml").write_text(NAMES_AN_INTERVENTION)
    (rule,) = load_rules([Path("rules.yaml")], References(CALENDARS, interventions={"repost_order": "order"}))

    assert rule.annotations == {**quiet.annotations, "intervention": "repost_order"}
    assert rule.version == quiet.version
    assert "intervention" not in quiet.annotations


@pytest.mark.parametrize(
    ("known", "message"),
    [
        pytest.param(
            {"repost_orders": "order", "resend_invoice": "invoice"},
            '"repost_order" is not defined; did you mean "repost_orders"?',
            id="a near name",
        ),
        pytest.param(
            {"z": "order", "resend": "invoice"}, '"repost_order" is not defined; give one of resend, z', id="another"
        ),
        pytest.param({}, '"repost_order" is not defined; none is defined in interventions.yaml', id="none at all"),
        pytest.param(
            {"repost_order": "invoice"},
            '"repost_order" is for invoice, and the rule is about order',
            id="one for other objects",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_intervention_that_does_not_fit_is_refused_with_its_place(known: dict[str, str], message: str) -> None:
    Path("rules.yaml").write_text(NAMES_AN_INTERVENTION)
    with pytest.raises(ConfigError) as refusal:
        load_rules([Path("rules.yaml")], References(CALENDARS, interventions=known))

    assert str(refusal.value) == f'rules.yaml:14:23: rule "OrderNotPosted": intervention {message}'


@pytest.mark.usefixtures("folder")
def test_where_nobody_knows_the_interventions_their_names_are_not_checked() -> None:
    assert load(NAMES_AN_INTERVENTION).annotations["intervention"] == "repost_order"
