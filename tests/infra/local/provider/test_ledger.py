"""The ledger of the embedded AWS."""

import json
import threading

from infra.local.provider.ledger import Ledger


def test_only_the_last_entry_says_that_it_was_the_last(tmp_path):
    """What was never noted empties nothing: the server may hold things of others."""
    ledger = Ledger(tmp_path)
    ledger.add("vpc", "1")
    ledger.add("vpc", "1")
    ledger.add("subnet", "2")
    assert not ledger.remove("subnet", "3")
    assert not ledger.remove("vpc", "1")
    assert ledger.remove("subnet", "2")
    assert not ledger.remove("subnet", "2")


def test_many_at_once_lose_nothing(tmp_path):
    """Resources are made concurrently, by several providers."""
    work = [threading.Thread(target=Ledger(tmp_path).add, args=("vpc", str(i))) for i in range(20)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(json.loads((tmp_path / "aws" / "ledger.json").read_text())) == 20


def test_a_broken_ledger_is_an_empty_one(tmp_path):
    """Half a file holds up nobody: a refresh notes again what there is."""
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "ledger.json").write_text('[["vpc"')
    assert not Ledger(tmp_path).remove("vpc", "1")
