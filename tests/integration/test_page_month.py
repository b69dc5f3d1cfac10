"""The page in a real browser, on a month of a country that is made up: what it costs, and what can be read from it.

A file of its own: a daemon that still asks a country in the laboratory would be in the way of what is timed here.
"""

import datetime

import pytest
from harness import browser
from harness.daemon import AHEAD, configuration
from harness.december import December
from harness.undisturbed import undisturbed

pytestmark = pytest.mark.browser

# A thousand channels that are asked meanwhile.
MANY = {
    f"net{n}": {f"t{n}-{i}": (f"198.18.{10 + n}.{i + 1}", ["ping"]) for i in range(100)} for n in range(10)
}


@pytest.fixture(scope="module")
def month(pair, run_for_module, module_directory):
    """A month of December in the journal, and ten networks of a hundred hosts asked each second."""
    december = December(module_directory, at=datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
    config = configuration(
        MANY, {"ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"}}, journal=str(december.journal)
    )
    # What pages have the probing thread do is looked at; a browser's own hunger for both processors is not. What serving
    # takes of the processors is in test_events_stream.py, where nothing has priority.
    return run_for_module(pair.near, config, wrap=AHEAD).wait_ready()


def test_the_first_view_is_light_and_quick(month):
    print(browser.expect("light", month))


def test_ten_open_pages_cost_probing_nothing(month):
    with undisturbed(month, 1000):
        print(browser.expect("ten", month))


# What the text of the report says of December is what the page shows.


@pytest.fixture(scope="module")
def december(pair, run_for_module, module_directory):
    folder = module_directory / "december"
    folder.mkdir()
    made = December(folder)
    config = made.configuration | {"journal": str(made.journal), "listen": "127.0.0.1:10549"}
    return run_for_module(pair.near, config, name="december").wait_listening()


def test_december_2014_can_be_read(december):
    print(browser.expect("december", december))
