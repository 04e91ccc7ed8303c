"""dlt's way with Arrow tables, run by a Python that has it: `ingest_dlt.py FILE.csv FILE.db`.

Prints the seconds of the first and of the second time, and the rows. Nothing of the project is imported: dlt is no
dependency.
"""

import sqlite3
import sys
import time

import dlt  # type: ignore[import-not-found]  # only where this runs
import polars as pl

file, path = sys.argv[1:]
pipeline = dlt.pipeline(
    pipeline_name="bench",
    pipelines_dir=path + ".dlt",
    destination=dlt.destinations.sqlalchemy(f"sqlite:///{path}"),
    dataset_name="main",
)
for disposition in ("append", "replace"):  # the second time the same file, in dlt's cheapest way to have it once
    started = time.perf_counter()
    table = pl.read_csv(file, infer_schema=False).to_arrow()
    pipeline.run(table, table_name="tickets", write_disposition=disposition, primary_key="ticket_no")
    print(time.perf_counter() - started)
print(sqlite3.connect(path).execute("SELECT count(*) FROM tickets").fetchone()[0])
