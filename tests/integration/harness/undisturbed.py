"""Whether probing went on as if nothing were, while somebody did something to the served side."""

import contextlib

LATE = 0.1  # seconds; a probe asked later than this was held up


def _late(metrics):
    on_time = metrics.value("blipd_scheduling_lag_seconds_bucket", le=f"{LATE:g}")
    return metrics.value("blipd_scheduling_lag_seconds_count") - on_time


@contextlib.contextmanager
def undisturbed(daemon, targets: int):
    """Of a daemon that asks so many targets once a second, all of which answer."""
    before = daemon.scrape()
    yield
    # The server may be full until it has noticed that its clients are gone.
    now = daemon.wait_for_service().scrape()
    assert now.sum("blipd_probes_lost_total") == before.sum("blipd_probes_lost_total") == 0
    assert now.sum("blipd_probes_aborted_total") == before.sum("blipd_probes_aborted_total")
    sent = now.sum("blipd_probes_sent_total") - before.sum("blipd_probes_sent_total")
    # A tenth of a second without probing would be a hundred of them.
    late = _late(now) - _late(before)
    assert late < max(20, 0.01 * sent), f"{late:g} of {sent:g} probes were held up"
    taken = "blipd_snapshot_timestamp_seconds"
    assert sent >= 0.9 * targets * (now.value(taken) - before.value(taken) - 0.2)
