"""docs/clients.md names the versions that were used, and every test of this folder."""

import os

from document import BEGIN, DOCUMENT, END, HERE, rows, table


def test_the_table_of_clients_is_true():
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    present, after = rest.split(END)
    wanted = table(present)
    if os.environ.get("UPDATE_DOCS") == "1":
        DOCUMENT.write_text(f"{before}{BEGIN}{wanted}{END}{after}")
    else:
        assert present == wanted, "run this test with UPDATE_DOCS=1, and look at what changed"


def test_every_client_that_is_tested_stands_in_the_table():
    tests = {file.name for file in HERE.glob("test_*.py")} - {"test_document.py"}
    assert tests == {row[3] for row in rows()} - {"../plexapi_check.py"}
