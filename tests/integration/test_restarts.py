"""A daemon that is killed at a bad moment, a blip or a beat, and what the next one knows of it."""

import signal
import time

import pytest
from harness.daemon import configuration
from harness.journal import expect_that_parts_add_up, middle, of_scope, report, seconds
from harness.lab import Laboratory
from harness.processes import wait_until

# Seconds of the scenario: of one network, and of another that is watched by another daemon.
BLIP, BLIP_ENDS = 16, 29
BLIP_OVER = BLIP_ENDS + 8
FALLS, DOWN = (10, 24, 38, 52), 4  # the third makes it a beat
BEAT_OVER = FALLS[-1] + DOWN + 26

CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]
SCENARIO = {
    "country": "KP",
    "defaults": {"rtt": "20ms"},
    "networks": [
        {"name": "calm", "prefixes": ["198.18.1.0/24"], "default": "answer"},
        {"name": "beat", "prefixes": ["198.18.2.0/24"], "default": "answer"},
    ],
    "controls": [{"name": c["name"], "network": c["network"], "host": c["host"]} for c in CONTROLS],
    "timeline": [
        {"at": f"{BLIP}s", "for": f"{BLIP_ENDS - BLIP}s", "networks": ["calm"], "effect": "cut"},
        *({"at": f"{at}s", "for": f"{DOWN}s", "networks": ["beat"], "effect": "cut"} for at in FALLS),
    ],
}
# What is usual is remembered after ten seconds, and shown from twenty probes on.
PROBES = {"ping": {"type": "icmp", "interval": "400ms", "timeout": "900ms"}}
# With falls every fourteen seconds the penalty reaches 1,880 with the third, and is down to 800 some twenty-three seconds
# after the fourth.
DETECT = {
    "blip_limit": "25s",
    "relapse": "2s",
    "recovery": "2s",
    "flap_half_life": "17s",
    "unstable_from": 1700,
    "unstable_until": 800,
}


@pytest.fixture(scope="module")
def lab(module_directory):
    made = Laboratory(SCENARIO, module_directory)
    yield made
    made.close()


class Life:
    """A daemon that watches one of the two networks, with a journal of its own."""

    def __init__(self, lab, start, network, prefix, port, journal):
        self.lab, self.start, self.network, self.journal = lab, start, network, journal
        targets = {network: {f"t{i}": (f"{prefix}.{i + 1}", ["ping"]) for i in range(4)}}
        self.config = configuration(
            targets, PROBES, controls=CONTROLS, journal=str(journal), detect=DETECT, port=port
        )
        self.before = self.scrape = None
        self.zero = time.time() - (time.monotonic() - lab.started)
        self.daemon = self.begin("first")

    def begin(self, name):
        return self.start(self.lab.namespace, self.config, name=f"{self.network}-{name}").wait_listening()

    def begin_again(self):
        self.daemon = self.begin("second")
        self.scrape = self.daemon.scrape()

    def until(self, second):
        time.sleep(max(0.0, self.lab.started + second - time.monotonic()))

    def wait_for_events(self, kind, is_open, count, timeout):
        """Until so many of the network are in the journal."""

        def are_there():
            events = of_scope(report(self.journal)["events"], "network", kind)
            return sum((event["end"] is None) == is_open for event in events) == count

        what = f"{count} of kind {kind} that {'are open' if is_open else 'have ended'} in the journal"
        wait_until(are_there, timeout, what, 0.3)

    def kill(self):
        self.daemon.process.signal(signal.SIGKILL)
        self.daemon.process.wait(5)
        self.before = report(self.journal)

    def told(self):
        """What the journal said after the kill and at the end; the second life's first scrape, and its log."""
        return self.before, report(self.journal), self.scrape, self.daemon.log


@pytest.fixture(scope="module")
def lives(lab, run_for_module, tmp_path_factory):
    """One daemon is killed in the middle of a blip, another in the middle of a beat; each is started again."""
    directory = tmp_path_factory.mktemp("journals")
    blip = Life(lab, run_for_module, "calm", "198.18.1", 10547, directory / "blip.db")
    beat = Life(lab, run_for_module, "beat", "198.18.2", 10548, directory / "beat.db")
    blip.until(BLIP + 2)
    blip.wait_for_events("outage", True, 1, 6)
    blip.kill()
    time.sleep(1)
    blip.begin_again()
    blip.until(BLIP_OVER)
    blip.daemon.stop()
    beat.until(FALLS[2] + DOWN)
    beat.wait_for_events("outage", False, 3, 6)
    beat.kill()
    time.sleep(1)
    beat.begin_again()
    beat.until(BEAT_OVER)
    beat.daemon.stop()
    return {"blip": blip.told(), "beat": beat.told(), "zero": blip.zero}


@pytest.mark.parametrize("which", ["blip", "beat"])
def test_the_time_not_watched_is_one_gap_and_the_parts_are_the_whole(lives, which):
    before, after, _, log = lives[which]
    assert before["gaps"] == []
    assert "event=recalled" in log
    (gap,) = after["gaps"]
    # Alive is noted every ten seconds: the gap reaches back to the last note.
    assert 0.5 < seconds(gap["to"]) - seconds(gap["from"]) < 16
    expect_that_parts_add_up(before)
    expect_that_parts_add_up(after)


@pytest.mark.parametrize("which", ["blip", "beat"])
def test_usual_behaviour_is_known_from_the_first_moment(lives, which):
    _, _, scrape, _ = lives[which]
    ratios = list(scrape.series("blipd_usual_answer_ratio").values())
    assert len(ratios) == 4 + len(CONTROLS)
    assert all(ratio > 0.8 for ratio in ratios), ratios


def holds(span, moment):
    """Give or take half a second."""
    return seconds(span["earliest"]) - 0.5 <= moment <= seconds(span["latest"]) + 0.5


def test_a_blip_goes_on_under_its_id_and_is_one_blip(lives):
    before, after, _, _ = lives["blip"]
    for scope in ("network", "country"):
        (was,) = of_scope(before["events"], scope)
        (now,) = of_scope(after["events"], scope)
        assert was["end"] is None
        assert now["id"] == was["id"]
        assert now["start"] == was["start"]
        assert now["incident"] == was["incident"]
        assert now["revision"] > was["revision"]
        assert now["class"] == "blip"
        # What is not known is inside of the intervals, and the truth too.
        assert holds(now["start"], lives["zero"] + BLIP)
        assert holds(now["end"], lives["zero"] + BLIP_ENDS)
        assert now["duration_seconds"] == pytest.approx(middle(now["end"]) - middle(now["start"]), abs=0.01)


def test_down_time_is_what_was_watched_of_the_blip(lives):
    _, after, _, _ = lives["blip"]
    (event,) = of_scope(after["events"], "network")
    (gap,) = after["gaps"]
    start, end = middle(event["start"]), middle(event["end"])
    unseen = max(0.0, min(end, seconds(gap["to"])) - max(start, seconds(gap["from"])))
    (place,) = [each for each in after["availability"] if each["network"] == "calm"]
    assert place["down_seconds"] == pytest.approx(end - start - unseen, abs=0.01)


def test_a_beat_goes_on_under_its_id_and_counts_its_falls(lives):
    before, after, _, _ = lives["beat"]
    (was,) = of_scope(before["events"], "network", "instability")
    (now,) = of_scope(after["events"], "network", "instability")
    assert was["end"] is None
    assert was["flaps"] == 3
    assert now["id"] == was["id"]
    assert now["start"] == was["start"]
    assert now["end"] is not None
    assert now["flaps"] == len(FALLS)
    assert now["duration_seconds"] == pytest.approx(FALLS[-1] + DOWN - FALLS[0], abs=4)


def test_each_fall_of_a_beat_is_one_event_over_the_kill(lives):
    before, after, _, _ = lives["beat"]
    falls = of_scope(after["events"], "network")
    assert len(falls) == len(FALLS)
    assert all(fall["end"] and fall["class"] == "blip" for fall in falls)
    assert {fall["id"] for fall in of_scope(before["events"], "network")} <= {fall["id"] for fall in falls}
    (beat,) = of_scope(after["events"], "network", "instability")
    assert [fall["during"] for fall in falls] == ["", "", "", beat["id"]]
