"""The JSON Schema of scenarios, for editors; ``python -m`` this module writes it."""

from __future__ import annotations

import json
from pathlib import Path

from underrecording.scenario.schema import Scenario

SCHEMA_FILE = Path(__file__).with_name("scenario.schema.json")


def schema_text() -> str:
    """Return the schema as the text that is shipped.

    >>> schema_text() == SCHEMA_FILE.read_text("utf-8")
    True
    """
    schema = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), "utf-8")
