#include "daemon/recorded/replay.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "config/load.hpp"
#include "daemon/recorded/directory.hpp"
#include "daemon/recorded/row_reader.hpp"

namespace blipd::recorded {
namespace {

config::Configuration two_networks() {
  const config::Loaded loaded = config::load_text(R"(
vantage: {name: here, controls: [{name: c1, host: 198.18.9.1, probes: [ping]}]}
probes: {ping: {type: icmp}, soa: {type: dns, query: example.org}}
countries:
  - code: KP
    networks:
      - {name: a, targets: [{name: gw, host: 198.18.0.1, probes: [ping]}, {name: ns, host: 198.18.0.2, probes: [ping, soa]}]}
      - {name: b, targets: [{name: gw, host: 198.18.1.1, probes: [ping]}]}
)",
                                                  "two.yaml");
  REQUIRE(loaded.faults.empty());
  return loaded.configuration;
}

// Line by line, to the text of what is found; the fields as JSON, without the braces.
template <class Use>
void with_row(const std::string& fields, Use use) {
  RowReader reader(text_source("{" + fields + "}"));
  Row row;
  REQUIRE(reader.next(row) == RowReader::Next::kRow);
  use(row);
}

std::string found(Directory& directory, const std::string& fields) {
  std::string text;
  with_row(fields, [&](const Row& row) {
    const auto number = directory.find(row);
    if (!number) {
      text = number.error().text;
    } else {
      const auto channel = directory.channel(*number);
      text = channel ? directory.plan()->channel_name(*channel) : "newcomer";
    }
  });
  return text;
}

TEST_CASE("A line finds its channel by as much as it takes", "[recorded]") {
  Directory directory(two_networks());
  CHECK(found(directory, R"("target":"ns","probe":"soa")") == "KP/a/ns/soa");
  CHECK(found(directory, R"("target":"c1","probe":"ping")") == "vantage/c1/c1/ping");
  CHECK(found(directory, R"("network":"b","target":"gw","probe":"ping")") == "KP/b/gw/ping");
  CHECK(found(directory, R"("country":"","network":"b","target":"gw","probe":"ping")") == "KP/b/gw/ping");
  CHECK(found(directory, R"("country":"","network":"c1","target":"c1","probe":"ping")") == "vantage/c1/c1/ping");
  CHECK(found(directory, R"("country":"KP","network":"a","target":"gw","probe":"ping")") == "KP/a/gw/ping");
}

TEST_CASE("Whom nobody knows is at fault unless the line says where it belongs", "[recorded]") {
  Directory directory(two_networks());
  CHECK(found(directory, R"("target":"gw","probe":"ping")") ==
        "target: 'gw' is in more than one network (a, b); say country and network too");
  CHECK(found(directory, R"("target":"gone","probe":"ping")") ==
        "target: 'gone' is not in the configuration; add it there, or say country and network here");
  CHECK(found(directory, R"("target":"ns","probe":"web")") ==
        "probe: 'ns' is not asked 'web'; known here: ping, soa, or say country and network to add it");
  CHECK(found(directory, R"("country":"kp","network":"c","target":"new","probe":"ping")").starts_with("country: "));
  CHECK(found(directory, R"("country":"KP","network":"c/d","target":"new","probe":"ping")").starts_with("network: "));
  CHECK(found(directory, R"("country":"KP","network":"c","target":"new","probe":"ping","type":"smtp")") ==
        "type: 'smtp' is unknown; write icmp, tcp, dns or http");
  CHECK(found(directory, R"("country":"KP","network":"c","target":"new","probe":"ping")") == "newcomer");
}

TEST_CASE("Newcomers are taken in where they belong, whatever their order", "[recorded]") {
  const std::string one = R"("country":"KP","network":"c","target":"new","probe":"soa","type":"dns","upstream":"AS1")";
  const std::string two = R"("country":"","network":"out","target":"c2","probe":"ping")";
  std::vector<std::string> plans;
  for (const bool is_turned : {false, true}) {
    Directory directory(two_networks());
    found(directory, is_turned ? two : one);
    found(directory, is_turned ? one : two);
    directory.grow({6, 5});
    CHECK(found(directory, one) == "KP/c/new/soa");
    CHECK(found(directory, two) == "vantage/out/c2/ping");
    std::string plan;
    for (probes::ChannelIndex i = 0; i < directory.plan()->channels.size(); ++i) {
      plan += directory.plan()->channel_name(i) + " ";
    }
    plans.push_back(plan);
    const auto& networks = directory.plan()->networks;
    const auto added = std::ranges::find(networks, "c", &config::PlannedNetwork::name);
    REQUIRE(added != networks.end());
    CHECK(added->upstream == "AS1");
  }
  CHECK(plans[0] == plans[1]);
}

std::string taken(Replay& replay, const std::string& time, const std::string& rest = R"("outcome":"lost","rtt":null)") {
  std::string text;
  with_row(R"("target":"ns","probe":"ping","time":)" + time + "," + rest, [&](const Row& row) {
    const auto result = replay.take(row);
    text = result ? "" : result.error().text;
  });
  return text;
}

TEST_CASE("A line may come a minute late and no more", "[recorded]") {
  Replay replay(two_networks());
  CHECK(taken(replay, "1000").empty());
  CHECK(taken(replay, "940").empty());
  CHECK(taken(replay, "939.999") ==
        "time: 1m1ms before what earlier lines know; sort the file, a minute at most is sorted here");
  CHECK(taken(replay, "1001").empty());
  CHECK(taken(replay, "940.999") ==
        "time: 1m1ms before what earlier lines know; sort the file, a minute at most is sorted here");
  replay.finish();
  CHECK(replay.results() == 3);
}

TEST_CASE("A line may come a year after the one before and no more", "[recorded]") {
  Replay replay(two_networks());
  CHECK(taken(replay, "1000").empty());
  CHECK(taken(replay, "31623401") == "time: 366d after the lines before; correct it, or replay what follows by itself");
  CHECK(taken(replay, "31623400").empty());
  replay.finish();
  CHECK(replay.results() == 2);
}

TEST_CASE("What is known at once, held up, or late counts as well", "[recorded]") {
  Replay replay(two_networks());
  CHECK(taken(replay, "1000", R"("outcome":"answered","rtt":null)").empty());
  CHECK(taken(replay, "1000", R"("outcome":"answered","rtt":null)").empty());
  CHECK(taken(replay, "1001", R"("outcome":"aborted","rtt":null,"reason":"overrun")").empty());
  CHECK(taken(replay, "1001", R"("outcome":"lost","rtt":null,"settled":3600)").empty());
  CHECK(taken(replay, "4600", R"("outcome":"late","rtt":4.5)").empty());
  replay.finish();
  CHECK(replay.results() == 4);
  CHECK(replay.take_events().empty());
}

}  // namespace
}  // namespace blipd::recorded
