"""How each batch was read (映射存档), kept by digest so that its quarantined rows can be read again.

Only what says how to read is kept, never where from: addresses, queries and credentials stay in the configuration.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collectors.mapping import SourceConfig, parse_config
from dashboard.database.models import MAPPINGS
from dashboard.errors import MingchaError
from dashboard.intake.tables import Tables

_NOT_KEPT = {"path", "every", "expect_within", "kind"}


def remember_mapping(tables: Tables, config: SourceConfig) -> None:
    """Keep the mapping under its digest, once."""
    kept = {name: value for name, value in config.model_dump(mode="json").items()
            if name in SourceConfig.model_fields and name not in _NOT_KEPT}  # fmt: skip
    insert = postgresql.insert(MAPPINGS).values(digest=config.digest, config=json.dumps(kept, ensure_ascii=False))
    tables.run(insert.on_conflict_do_nothing(index_elements=["digest"]))


def mapping_of(tables: Tables, batch: Mapping[str, Any], configs: Iterable[SourceConfig]) -> SourceConfig:
    """How rows of a batch are read now: as its source is configured today, else as it was read then.

    The system stays the batch's: it is part of the key. Raises MingchaError when neither is known.
    """
    today = next((one for one in configs if (one.name, one.record) == (batch["source"], batch["record"])), None)
    if today is not None:
        return today.model_copy(update={"system": batch["system"]})
    text = tables.scalar(sa.select(MAPPINGS.c.config).where(MAPPINGS.c.digest == batch["mapping_digest"]))
    if text is None:
        raise MingchaError(
            f"How batch {batch['id']} of source '{batch['source']}' was read is not known any more.",
            "Configure the source in mingcha.toml, or import the file again.",
        )
    config = parse_config(SourceConfig, json.loads(text), f"the mapping kept of batch {batch['id']}")
    return config.model_copy(update={"system": batch["system"]})
