"""Fixtures that every file shares. What they start, they end."""

import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import dictionaries  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.network import Pair  # noqa: E402

TEST_SECONDS = 150  # no test takes longer; one that hangs says where


# Several files run side by side (pytest-xdist), in this order: those that wait longest begin first, so that none is left
# alone at the end. The first four leave the cores to the soak of test_complaints; what computes comes when it is over.
LONGEST_FIRST = (
    "test_restarts",
    "test_live_and_simulated",
    "test_complaints",
    "test_paging",
    "test_paging_quorum",
    "test_series",
    "test_grafana",
    "test_events_stream",
    "test_paths",
    "test_flows",
    "test_recorder",
    "test_journal",
    "test_page_rules",
    "test_alert_rules",
    "test_systemd_unit",
    "test_readme",
    "test_country",
    "test_accounting",
    "test_hostile_packets",
    "test_scenarios",
    "test_replay",
    "test_package",
)


def pytest_collection_modifyitems(items):
    def place(item) -> int:
        name = item.path.stem
        return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)  # which leaves the order within a file as it is


def told_to_end(_number, _frame):
    """Like Ctrl-C: fixtures clean up. Undisturbed, because in a terminal a process of several hears of it twice."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: takes a real browser, and packages that ./dev test page fetches")
    config.addinivalue_line("markers", "alone: loads the machine so much that nothing should run beside it")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told_to_end)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session, exitstatus):
    """Who hands out the files has no children but those that run them, and tells them at once that it was told to end."""
    if exitstatus == pytest.ExitCode.INTERRUPTED and session.config.pluginmanager.hasplugin("dsession"):
        for child in pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            os.kill(int(child), signal.SIGINT)


@pytest.fixture(autouse=True)
def bounded_in_time(request):
    def too_long(_number, _frame):
        pytest.fail(f"{request.node.name} took longer than {TEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def module_directory():
    """Of files that a process without privileges must be able to read, too."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="blipd-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def directory(module_directory, request):
    path = pathlib.Path(tempfile.mkdtemp(prefix=request.function.__name__[:60] + "-", dir=module_directory))
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def pair(module_directory):
    """Two namespaces and a link, for the whole file."""
    made = Pair(module_directory)
    yield made
    made.close()


@pytest.fixture(scope="module")
def machine(module_directory):
    """One with a systemd of its own, for the whole file."""
    made = Machine(module_directory)
    yield made
    made.close()


class Runner:
    """Starts daemons and ends them."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.daemons: list[Daemon] = []

    def __call__(self, namespace, config, **options) -> Daemon:
        options.setdefault("directory", self.directory)
        daemon = Daemon(namespace, config, **options)
        self.daemons.append(daemon)
        return daemon

    def end(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
        # Whatever else a test is about: nothing is logged that docs/logs.md does not have.
        strange = set().union(*(dictionaries.undocumented(daemon.log) for daemon in self.daemons))
        assert not strange, "\n".join(sorted(strange))


@pytest.fixture
def run(directory):
    """run(namespace, config) starts a daemon that ends with the test."""
    runner = Runner(directory)
    yield runner
    runner.end()


@pytest.fixture(scope="module")
def run_for_module(module_directory):
    """The same, ending with the file."""
    runner = Runner(module_directory)
    yield runner
    runner.end()
