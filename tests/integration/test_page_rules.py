"""What pages, as promtool judges the rules: one vantage point, several, and several processes of one."""

import pytest
from harness.rules import BACK, CUT, EXTERNAL, OUTAGE, OVER, PAGED, WELL, Blipd, Outage, Story, length, promtool, three

PAGE, NETWORK, FAULT = "BlipdCountryOutage", "BlipdNetworkOutage", "BlipdVantageFault"
PLACES, ODD, FEW = "BlipdCountrySeenFromSomePlaces", "BlipdVantagePointDisagrees", "BlipdTooFewVantagePoints"
NOT_SCRAPED = "BlipdNotScraped"
WHOLE = (PAGED, OVER)


def country(name, instances, *spans, end=None, others=(), restarts=()):
    """A story about the page; networks' alerts come with the country's."""
    story = Story(name, instances, length(spans, end), restarts_of_prometheus=restarts)
    return story.fires(PAGE, *spans, country="KP").only(PAGE, NETWORK, *others)


PAGING = [
    country("all is well", [Blipd("a")]),
    country("without controls", [Blipd("a", outages=[OUTAGE], has_controls=False)], WHOLE),
    country("an outage pages once and until it is over", [Blipd("a", outages=[OUTAGE])], WHOLE),
    country("a blip", [Blipd("a", outages=[Outage(600, 645)])]),
    country("just not sustained", [Blipd("a", outages=[Outage(600, 659)])]),
    country("just sustained, steady after a minute", [Blipd("a", outages=[Outage(600, 660)])], (660, 735)),
    country("a beat of blips", [Blipd("a", outages=[Outage(t, t + 30) for t in range(600, 2400, 120)])]),
    country(
        "a relapse within recovery is the same page",
        [Blipd("a", outages=[OUTAGE, Outage(2100, 2160, sustained_after=0)])],
        (PAGED, OVER),
    ),
    country(
        "a fault before and over the start",
        [Blipd("a", outages=[Outage(600, 1200)], faults=[(580, 1900)])],
        others=[FAULT],
    ),
    country(
        "a fault between the start and a minute later says nothing until its end",
        [Blipd("a", outages=[OUTAGE], faults=[(630, 1200)])],
        (1200, OVER),
        others=[FAULT],
    ),
    country(
        "a fault in the middle changes nothing",
        [Blipd("a", outages=[OUTAGE], faults=[(900, 1200)])],
        WHOLE,
        others=[FAULT],
    ),
    country(
        "over in the middle of a fault: known only after it",
        [Blipd("a", outages=[OUTAGE], faults=[(1500, 2400)])],
        (PAGED, OVER),
        others=[FAULT],
    ),
    country("one failed scrape", [Blipd("a", outages=[OUTAGE], away=[(900, 915)])], WHOLE),
    country("a failed scrape while recovering", [Blipd("a", outages=[OUTAGE], away=[(2000, 2015)])], WHOLE),
    country("a restart", [Blipd("a", outages=[OUTAGE], away=[(900, 945)], fresh=[(945, 990)])], WHOLE),
    country("a restart before a minute", [Blipd("a", outages=[OUTAGE], away=[(615, 645)], fresh=[(645, 675)])], (675, OVER)),
    country(
        "out of reach for an hour",
        [Blipd("a", outages=[Outage(600, 6000)], away=[(900, 4500)])],
        (660, 6615),
        end=7200,
        others=[NOT_SCRAPED],
    ),
    country(
        "Prometheus is restarted", [Blipd("a", outages=[OUTAGE])], WHOLE, restarts=[(900, 960)]
    ),
    country(
        "Prometheus is away for half an hour",
        [Blipd("a", outages=[Outage(600, 4800)])],
        (660, 5415),
        end=6000,
        restarts=[(900, 2700)],
        others=["BlipdAbsent"],
    ),
    country(
        "values of almost a minute ago count",
        [Blipd("a", outages=[OUTAGE], series={"blipd_snapshot_timestamp_seconds": lambda t: t - 59})],
        WHOLE,
    ),
    country(
        "values of a minute ago do not",
        [Blipd("a", outages=[OUTAGE], series={"blipd_snapshot_timestamp_seconds": lambda t: t - 60})],
        others=["BlipdMeasurementDegraded"],
    ),
    country("a country that is taken out of the configuration is silent again after six hours at most",
            [Blipd("a", outages=[OUTAGE], away=[(900, 30000)])], (660, 22500), end=24000, others=[NOT_SCRAPED]),
]  # fmt: skip

QUORUM = [
    country("three of three", three(), WHOLE),
    country("two of three", three(OUTAGE, OUTAGE, WELL), (PAGED, OVER), others=[ODD, PLACES]),
    country("one of three", three(OUTAGE, WELL, WELL), others=[ODD, PLACES]),
    country("one of two", three(OUTAGE, WELL)[:2], others=[PLACES]),
    country("two of two", three(OUTAGE, OUTAGE)[:2], WHOLE),
    country(
        "three of five",
        [Blipd(name, outages=[OUTAGE] if name in "abc" else []) for name in "abcde"],
        (PAGED, OVER),
        others=[ODD, PLACES],
    ),
    country(
        "two of five",
        [Blipd(name, outages=[OUTAGE] if name in "ab" else []) for name in "abcde"],
        others=[ODD, PLACES],
    ),
    country("one is cut off all the time", three(c={"faults": [(60, 3000)]}), WHOLE, others=[FAULT]),
    country(
        "one is cut off: its country is not out",
        three(WELL, WELL, WELL, c={"faults": [(600, 1200)]}),
        others=[FAULT],
    ),
    country(
        "one restarts while the others are divided",
        three(OUTAGE, WELL, WELL, c={"away": [(900, 945)], "fresh": [(945, 990)]}),
        others=[ODD, PLACES],
    ),
    country(
        "one of two restarts while the other finds the country down",
        three(OUTAGE, WELL, b={"away": [(900, 945)], "fresh": [(945, 990)]})[:2],
        others=[PLACES],
    ),
    country(
        "one that says down restarts, two against one",
        three(OUTAGE, OUTAGE, WELL, a={"away": [(900, 945)], "fresh": [(945, 990)]}),
        (PAGED, OVER),
        others=[ODD, PLACES],
    ),
    country(
        "one that says down is out of reach, two against one",
        three(OUTAGE, OUTAGE, WELL, a={"away": [(900, 1700)]}),
        (PAGED, OVER),
        others=[ODD, PLACES, NOT_SCRAPED],
    ),
    country(
        "one is out of reach from the outage over its end: the others end it",
        three(a={"away": [(900, 3000)]}),
        WHOLE,
        others=[NOT_SCRAPED],
    ),
    country(
        "all are out of reach in turn",
        three(a={"away": [(700, 1000)]}, b={"away": [(1000, 1300)]}, c={"away": [(1300, 1600)]}),
        WHOLE,
        others=[NOT_SCRAPED],
    ),
    country(
        "two are cut off: the last one decides alone, and that is told",
        three(b={"faults": [(60, 3000)]}, c={"faults": [(60, 3000)]}),
        WHOLE,
        others=[FAULT, FEW],
    ),
    country(
        "one is cut off just when the country goes: two are enough",
        three(c={"faults": [(590, 3000)]}),
        WHOLE,
        others=[FAULT],
    ),
    country(
        "of two, one is cut off just when the country goes: the other's word alone, two minutes after its last one",
        three(OUTAGE, OUTAGE, b={"faults": [(600, 3000)]})[:2],
        (720, OVER),
        others=[FAULT, FEW],
    ),
    country("two instances of one vantage point are one vote", [Blipd("a", outages=[OUTAGE]), Blipd("a", outages=[OUTAGE], job="blipd-two"), Blipd("b")],
            others=[PLACES]),
]  # fmt: skip


def shards(outages=(), of_one=(), **more):
    """Two processes of one vantage point: north and south."""
    return [Blipd("a", [name], outages=list(outages), network_outages={name: list(of_one) if name == "north" else []},
                  shard=True, **more.get(name, {})) for name in ("north", "south")]  # fmt: skip


SHARDS = [
    country("a country in two parts", shards([OUTAGE]), WHOLE),
    country("one part of it only", shards(of_one=[OUTAGE]), others=["BlipdCountryPartial"]),
    country("a part is not scraped: nothing is known of the whole", shards([OUTAGE], south={"away": [(300, 3000)]}),
            others=[NOT_SCRAPED, "BlipdCountryUnknown"]),
    country("a part is not scraped in the middle", shards([OUTAGE], south={"away": [(900, 1200)]}), WHOLE, others=[NOT_SCRAPED]),
    country("a part restarts in the middle", shards([OUTAGE], south={"away": [(900, 945)], "fresh": [(945, 990)]}), WHOLE),
    country("a part that is later by a minute", [
        Blipd("a", ["north"], outages=[OUTAGE], shard=True), Blipd("a", ["south"], outages=[Outage(690, BACK)], shard=True),
    ], (750, OVER)),
    country("in parts here, whole there", [*shards([OUTAGE]), Blipd("b", outages=[OUTAGE])], WHOLE),
    country("in parts here, up there", [*shards([OUTAGE]), Blipd("b")], others=[PLACES]),
]  # fmt: skip


@pytest.mark.parametrize("told", [*PAGING, *QUORUM, *SHARDS], ids=lambda told: told.name)
def test_the_page_comes_when_it_should_and_ends_when_it_should(told, tmp_path):
    assert promtool(told, tmp_path) == ""


def test_the_page_tells_facts_and_leads_on(tmp_path):
    later = Outage(CUT + 30, BACK)
    instances = [
        Blipd("a", network_outages={"north": [OUTAGE], "south": [later]}, outages=[later]),
        Blipd("b", network_outages={"north": [OUTAGE], "south": [later]}, outages=[later]),
        Blipd("c", faults=[(300, 3000)]),
    ]
    told = Story("what the page says", instances, 900).says(
        PAGE,
        900,
        {"country": "KP", "severity": "page"},
        {
            "summary": "KP is not on the Internet: no network of it answers, since 1970-01-01 00:10:30 +0000 UTC",
            "description": "Seen from a, b; 2 of 3 vantage points are healthy. How it began: abrupt, 2s from 90 % to 10 % of what "
            "was reachable. Networks in the order in which they fell: north 1970-01-01 00:10:00 +0000 UTC, south 1970-01-01 "
            "00:10:30 +0000 UTC. These are facts of how it began, not a cause.",
            "runbook_url": f"{EXTERNAL['blipd_docs']}/runbook.md#blipdcountryoutage",
            "dashboard_url": f"{EXTERNAL['blipd_dashboards']}/d/blipd-country?var-country=KP",
            "blipd_url": "http://a:10547/ http://b:10547/ http://c:10547/",
        },
    )
    assert promtool(told, tmp_path) == ""
