"""The JSON Schema of rule files, for editors: made of the models that read them, so that it says what is accepted.

What one text means (whether a condition compiles, a step comes after the one before) stays with `milepost rules check`.
"""

from typing import Any

from rules.config_parts import ALWAYS_TAKEN, CommonConfig, KindConfig, SeverityStepConfig
from rules.schema import KINDS, RuleConfig, RulesConfig

JsonSchema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_AT_THE_DEADLINE = r"^100(\.0*)?\s*%$"


def rules_json_schema() -> JsonSchema:
    """The schema of a file of rules, of draft 2020-12."""
    schema = RulesConfig.model_json_schema()
    definitions: JsonSchema = schema["$defs"]
    rule = definitions[RuleConfig.__name__]
    level = definitions[SeverityStepConfig.__name__]["properties"]["level"]
    steps = rule["properties"]["severity"]
    rule["properties"]["severity"] = {
        "description": "a level, or steps that each come later than the one before",
        "anyOf": [level, {key: steps[key] for key in ("type", "items", "minItems")}],
    }
    rule["oneOf"] = [_branch(kind, level) for kind in KINDS]
    return {"$schema": _DIALECT, "title": "Milepost rules", **schema}


def _branch(kind: str, level: JsonSchema) -> JsonSchema:
    """What stands beside one kind: no other, and of the common keys only those that it takes."""
    config = _config(kind)
    foreign = CommonConfig.model_fields.keys() - ALWAYS_TAKEN - config.takes
    properties: JsonSchema = dict.fromkeys(sorted(foreign), False)
    properties |= {other: {"type": "null"} for other in KINDS if other != kind}
    properties[kind] = {"type": "object"}
    if not config.has_steps:
        step = {"type": "object", "properties": {"at": {"pattern": _AT_THE_DEADLINE}}}
        properties["severity"] = {"anyOf": [level, {"type": "array", "items": step, "maxItems": 1}]}
    return {"required": [kind], "properties": properties}


def _config(kind: str) -> type[KindConfig]:
    parts = getattr(RuleConfig.model_fields[kind].annotation, "__args__", ())
    return next(part for part in parts if isinstance(part, type) and issubclass(part, KindConfig))
