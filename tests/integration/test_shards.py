"""Several processes share one configuration: every network is asked by one of them, and nobody speaks for a country that
he sees in part."""

import yaml
from harness import settings
from harness.daemon import configuration

PING = {"type": "icmp", "interval": "200ms", "timeout": "500ms"}
NETWORKS = {f"net{i}": {f"t{j}": (f"198.18.{40 + i}.{j + 1}", ["ping"]) for j in range(3)} for i in range(9)}
CONTROLS = [{"name": f"c{i}", "host": f"198.18.39.{i + 1}", "probes": ["ping"]} for i in range(5)]


def networks_of(config: dict) -> set[str]:
    return {network["name"] for country in config["countries"] for network in country["networks"]}


def test_shards_share_the_networks_out(pair, run):
    ports = (10560, 10561)
    daemons = []
    for index, port in enumerate(ports, 1):
        config = configuration(NETWORKS, {"ping": PING}, controls=CONTROLS, port=port)
        daemons.append(run(pair.near, config, name=f"shard{index}", options=["--shard", f"{index}/2"]))
    asked = []
    for daemon in daemons:
        metrics = daemon.wait_ready().scrape()
        series = metrics.series("blipd_probes_sent_total", country="KP")
        asked.append({dict(labels)["network"] for labels in series})
        assert metrics.value("blipd_country_split") == 1
        assert metrics.value("blipd_country_level", level="unknown") == 1
        assert metrics.value("blipd_vantage_ok") == 1
        assert len(metrics.series("blipd_probes_sent_total", country="")) == len(CONTROLS)
    assert asked[0] | asked[1] == set(NETWORKS) and not asked[0] & asked[1] and all(asked)
    # check says the same without asking anybody.
    done = pair.near.run(settings.blipd(), "check", "--config", daemons[0].config_file, "--shard", "1/2", "--dump")
    assert networks_of(yaml.safe_load(done.stdout)) == asked[0]

    # A reload brings one network more, to one of them.
    more = NETWORKS | {"net9": {"t0": ("198.18.49.1", ["ping"])}}
    for daemon, port in zip(daemons, ports):
        daemon.reload(configuration(more, {"ping": PING}, controls=CONTROLS, port=port))
    owners = [bool(daemon.scrape().series("blipd_probes_sent_total", network="net9")) for daemon in daemons]
    assert sorted(owners) == [False, True]

    # The networks are judged all the same.
    pair.far.nft("table inet cut { chain in { type filter hook input priority 0; ip daddr 198.18.40.0/21 drop\n }\n }")
    names = [f"net{i}" for i in range(8)]
    for daemon, own in zip(daemons, asked):
        after = daemon.wait_for(
            lambda now, own=own: all(
                now.value("blipd_network_state", network=name, state="outage") == 1 for name in names if name in own
            ),
            20,
            "its networks are found down",
        )
        assert after.value("blipd_country_level", level="unknown") == 1
        assert "scope=country" not in daemon.log and "place=KP " not in daemon.log
        daemon.stop()


def test_what_is_no_shard_is_wrong_use(pair):
    done = pair.near.run(settings.blipd(), "run", "--shard", "3/2", check=False)
    assert done.returncode == 2
    assert "3/2" in done.stderr and "2/5" in done.stderr
