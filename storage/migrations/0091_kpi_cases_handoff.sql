-- What else cases of KPIs are told apart by: the handoff, as a rule's label names it or as one service calls another, and
-- the rule. Empty where a case follows from milestones.
ALTER TABLE kpi_cases
    ADD COLUMN IF NOT EXISTS handoff LowCardinality(String) DEFAULT '' AFTER segment,
    ADD COLUMN IF NOT EXISTS rule LowCardinality(String) DEFAULT '' AFTER handoff
