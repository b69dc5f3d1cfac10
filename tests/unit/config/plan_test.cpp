#include "config/plan.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

Target target(std::string name, std::string host = "192.0.2.1", std::vector<std::string> probes = {"ping"}) {
  Target made{std::move(name), std::move(host), {}};
  for (std::string& probe : probes) {
    probes::ProbeSpec spec;
    spec.name = std::move(probe);
    made.probes.push_back(spec);
  }
  return made;
}

Network network(std::string name, std::vector<Target> targets) {
  Network made;
  made.name = std::move(name);
  made.targets = std::move(targets);
  return made;
}

Configuration one_country(std::vector<Network> networks) {
  Configuration made;
  made.countries.push_back({"XX", "Nowhere", std::move(networks)});
  return made;
}

ChannelIndex at(const Plan& plan, std::string_view name) {
  const auto index = plan.find_channel(name);
  INFO(name);
  REQUIRE(index);
  return *index;
}

// Each row points at rows that are active and point back.
void check_links(const Plan& plan) {
  for (ChannelIndex i = 0; i < plan.channels.size(); ++i) {
    const PlannedChannel& channel = plan.channels[i];
    if (!channel.is_active) continue;
    CHECK(plan.find_channel(plan.channel_name(i)) == i);
    REQUIRE(plan.targets.at(channel.target).is_active);
    CHECK(plan.targets[channel.target].network == channel.network);
    CHECK(std::ranges::count(plan.channels_of(channel.target), i) == 1);
  }
  for (TargetIndex i = 0; i < plan.targets.size(); ++i) {
    if (!plan.targets[i].is_active) {
      CHECK(plan.channels_of(i).empty());
      continue;
    }
    REQUIRE(plan.networks.at(plan.targets[i].network).is_active);
    CHECK(std::ranges::count(plan.networks[plan.targets[i].network].targets, i) == 1);
  }
  for (NetworkIndex i = 0; i < plan.networks.size(); ++i) {
    const auto& country = plan.networks[i].country;
    if (!plan.networks[i].is_active || !country) continue;
    REQUIRE(plan.countries.at(*country).is_active);
    CHECK(std::ranges::count(plan.countries[*country].networks, i) == 1);
  }
}

}  // namespace

TEST_CASE("who is asked alike shares the ways of asking, and changing one's own leaves the others alone") {
  Network many = network("n", {target("a"), target("b"), target("c")});
  many.targets[1].probes = many.targets[0].probes;
  many.targets[2].probes = many.targets[0].probes;
  many.targets[2].probes[0].interval = std::chrono::seconds(9);
  const auto plan = make_plan(one_country({many}), nullptr);
  CHECK(plan->channels[0].asks == plan->channels[1].asks);
  CHECK(plan->channels[1].spec().interval == std::chrono::seconds(5));
  CHECK(plan->channels[2].spec().interval == std::chrono::seconds(9));
  CHECK(plan->ways.size() == 2);
}

TEST_CASE("a plan says what it has different from its predecessor, and from any plan before") {
  const auto first = make_plan(one_country({network("n", {target("a"), target("b"), target("c")})}), nullptr);
  CHECK(first->changes.predecessor == 0);
  CHECK(first->changes.channels.empty());
  CHECK(changes_between(nullptr, *first).channels == std::vector<ChannelIndex>{0, 1, 2});
  CHECK(changes_between(nullptr, *first).targets == std::vector<TargetIndex>{0, 1, 2});

  const auto same = make_plan(one_country({network("n", {target("a"), target("b"), target("c")})}), first.get());
  CHECK(same->changes.predecessor == first->generation);
  CHECK(same->changes.channels.empty());
  CHECK(same->changes.targets.empty());

  // One asked otherwise, one gone, and two who are new, of whom one takes the free place.
  auto targets = std::vector{target("a"), target("c"), target("d"), target("e")};
  targets[0].probes[0].interval = std::chrono::seconds(7);
  const auto other = make_plan(one_country({network("n", targets)}), same.get());
  CHECK(other->changes.channels == std::vector<ChannelIndex>{0, 1, 3});
  CHECK(other->changes.targets == std::vector<TargetIndex>{1, 3});
  CHECK(changes_between(first.get(), *other).channels == other->changes.channels);

  // Whoever goes leaves a row that is nobody's; that changes once.
  const auto fewer = make_plan(one_country({network("n", {target("a")})}), other.get());
  CHECK(fewer->changes.channels == std::vector<ChannelIndex>{0, 1, 2, 3});
  const auto again = make_plan(one_country({network("n", {target("a")})}), fewer.get());
  CHECK(again->changes.channels.empty());
  CHECK(changes_between(other.get(), *again).channels == fewer->changes.channels);
  CHECK(changes_between(nullptr, *again).channels.size() == again->channels.size());
}

TEST_CASE("a target at another host is another target under the same name") {
  const auto first = make_plan(one_country({network("n", {target("a"), target("b")})}), nullptr);
  const auto moved = make_plan(one_country({network("n", {target("a"), target("b", "192.0.2.9")})}), first.get());
  CHECK(moved->changes.targets == std::vector<TargetIndex>{1});
  CHECK(moved->changes.channels == std::vector<ChannelIndex>{1});
  CHECK(moved->targets[1].since_generation == 2);
}

TEST_CASE("a first plan holds everything in the order of the file, from generation 1") {
  const auto plan = make_plan(one_country({network("n", {target("a", "192.0.2.1", {"ping", "web"}), target("b")}),
                                           network("m", {target("a")})}),
                              nullptr);
  check_links(*plan);
  CHECK(plan->generation == 1);
  REQUIRE(plan->channels.size() == 4);
  CHECK(plan->channel_name(0) == "XX/n/a/ping");
  CHECK(plan->channel_name(1) == "XX/n/a/web");
  CHECK(plan->channel_name(2) == "XX/n/b/ping");
  CHECK(plan->channel_name(3) == "XX/m/a/ping");
  for (const PlannedChannel& channel : plan->channels) CHECK(channel.since_generation == 1);
  CHECK(plan->country_code(plan->channels[0].network) == "XX");
}

TEST_CASE("controls belong to no country and share the networks that they name") {
  Configuration configuration = one_country({network("n", {target("a")})});
  configuration.controls = {{target("c1"), "alpha", ""}, {target("c2"), "beta", ""}, {target("c3"), "alpha", ""}};
  const auto plan = make_plan(configuration, nullptr);
  check_links(*plan);
  const PlannedChannel& c1 = plan->channels[at(*plan, "vantage/alpha/c1/ping")];
  const PlannedChannel& c3 = plan->channels[at(*plan, "vantage/alpha/c3/ping")];
  const PlannedChannel& c2 = plan->channels[at(*plan, "vantage/beta/c2/ping")];
  CHECK(c1.network == c3.network);
  CHECK(c1.network != c2.network);
  CHECK(plan->networks[c1.network].is_control());
  CHECK(plan->networks[c1.network].name == "alpha");
  CHECK(plan->country_code(c1.network).empty());
  CHECK_FALSE(plan->networks[plan->channels[at(*plan, "XX/n/a/ping")].network].is_control());
}

TEST_CASE("a channel is found by its whole name only") {
  const auto plan = make_plan(one_country({network("n", {target("a")})}), nullptr);
  CHECK(plan->find_channel("XX/n/a/ping") == 0U);
  CHECK_FALSE(plan->find_channel("XX/n/a/pin"));
  CHECK_FALSE(plan->find_channel("XX/n/a/ping2"));
  CHECK_FALSE(plan->find_channel(""));
  CHECK_FALSE(Plan().find_channel("XX/n/a/ping"));
}

TEST_CASE("an unchanged configuration changes nothing but the generation") {
  const Configuration configuration = one_country({network("n", {target("a"), target("b")})});
  const auto first = make_plan(configuration, nullptr);
  const auto second = make_plan(configuration, first.get());
  check_links(*second);
  CHECK(second->generation == 2);
  REQUIRE(second->channels.size() == first->channels.size());
  for (ChannelIndex i = 0; i < first->channels.size(); ++i) {
    CHECK(second->channel_name(i) == first->channel_name(i));
    CHECK(second->channels[i].since_generation == 1);
  }
  CHECK(second->networks[0].since_generation == 1);
  CHECK(second->countries[0].since_generation == 1);
}

TEST_CASE("what keeps its name keeps its index, wherever it moves in the file") {
  const auto first = make_plan(
      one_country({network("n", {target("a"), target("b"), target("c")}), network("m", {target("d")})}), nullptr);
  const auto second = make_plan(
      one_country({network("m", {target("new"), target("d")}), network("n", {target("c"), target("b"), target("a")})}),
      first.get());
  check_links(*second);
  for (const char* name : {"XX/n/a/ping", "XX/n/b/ping", "XX/n/c/ping", "XX/m/d/ping"}) {
    CHECK(at(*second, name) == at(*first, name));
    CHECK(second->channels[at(*second, name)].since_generation == 1);
  }
  CHECK(at(*second, "XX/m/new/ping") == 4);
  CHECK(second->channels[4].since_generation == 2);
  CHECK(second->networks[second->channels[4].network].since_generation == 1);
}

TEST_CASE("what is removed leaves an inactive row, which the next newcomer gets under a new generation") {
  const auto first = make_plan(one_country({network("n", {target("a"), target("b"), target("c")})}), nullptr);
  const auto second = make_plan(one_country({network("n", {target("a"), target("c")})}), first.get());
  check_links(*second);
  REQUIRE(second->channels.size() == 3);
  CHECK_FALSE(second->channels[1].is_active);
  CHECK_FALSE(second->targets[1].is_active);
  CHECK_FALSE(second->find_channel("XX/n/b/ping"));
  CHECK(second->channels[2].since_generation == 1);

  const auto third =
      make_plan(one_country({network("n", {target("a"), target("c"), target("d"), target("e")})}), second.get());
  check_links(*third);
  CHECK(at(*third, "XX/n/d/ping") == 1);
  CHECK(at(*third, "XX/n/e/ping") == 3);
  CHECK(third->channels[1].since_generation == 3);
  CHECK(third->channels[2].since_generation == 1);
}

TEST_CASE("a renamed target is a newcomer, even on the index of its old name") {
  const auto first = make_plan(one_country({network("n", {target("a")})}), nullptr);
  const auto second = make_plan(one_country({network("n", {target("b")})}), first.get());
  check_links(*second);
  CHECK(second->channels.size() == 1);
  CHECK(second->channel_name(0) == "XX/n/b/ping");
  CHECK(second->channels[0].since_generation == 2);
}

TEST_CASE("what went and came back starts anew") {
  const Configuration with = one_country({network("n", {target("a"), target("b")})});
  const auto first = make_plan(with, nullptr);
  const auto second = make_plan(one_country({network("n", {target("a")})}), first.get());
  const auto third = make_plan(with, second.get());
  CHECK(at(*third, "XX/n/b/ping") == 1);
  CHECK(third->channels[1].since_generation == 3);
}

TEST_CASE("another way of asking or another host starts the channel anew on its index, and only that channel") {
  Configuration configuration = one_country({network("n", {target("a", "192.0.2.1", {"ping", "web"}), target("b")})});
  const auto first = make_plan(configuration, nullptr);
  auto& targets = configuration.countries[0].networks[0].targets;
  targets[0].probes[1].interval = std::chrono::seconds(7);
  const auto second = make_plan(configuration, first.get());
  CHECK(second->channels[at(*second, "XX/n/a/ping")].since_generation == 1);
  CHECK(second->channels[at(*second, "XX/n/a/web")].since_generation == 2);
  CHECK(at(*second, "XX/n/a/web") == at(*first, "XX/n/a/web"));

  targets[1].host = "192.0.2.9";
  const auto third = make_plan(configuration, second.get());
  CHECK(third->channels[at(*third, "XX/n/a/ping")].since_generation == 1);
  CHECK(third->channels[at(*third, "XX/n/a/web")].since_generation == 2);
  CHECK(third->channels[at(*third, "XX/n/b/ping")].since_generation == 3);
  CHECK(third->targets[third->channels[at(*third, "XX/n/b/ping")].target].host == "192.0.2.9");
}

TEST_CASE("a target that moves to another network is another target") {
  const auto first =
      make_plan(one_country({network("n", {target("a"), target("b")}), network("m", {target("c")})}), nullptr);
  const auto second =
      make_plan(one_country({network("n", {target("a")}), network("m", {target("c"), target("b")})}), first.get());
  check_links(*second);
  CHECK(second->channels[at(*second, "XX/m/b/ping")].since_generation == 2);
  CHECK(second->channels[at(*second, "XX/n/a/ping")].since_generation == 1);
}

TEST_CASE("a network keeps its generation when its metadata changes and gets a new one with a new name") {
  Configuration configuration = one_country({network("n", {target("a")})});
  const auto first = make_plan(configuration, nullptr);
  configuration.countries[0].networks[0].weight = 2;
  configuration.countries[0].name = "Somewhere";
  const auto second = make_plan(configuration, first.get());
  CHECK(second->networks[0].weight == 2);
  CHECK(second->networks[0].since_generation == 1);
  CHECK(second->countries[0].name == "Somewhere");
  CHECK(second->countries[0].since_generation == 1);
  configuration.countries[0].networks[0].name = "m";
  const auto third = make_plan(configuration, second.get());
  check_links(*third);
  CHECK(third->networks[0].name == "m");
  CHECK(third->networks[0].since_generation == 3);
  CHECK(third->countries[0].since_generation == 1);
}

TEST_CASE("a country's network and a controls' network of one name are two") {
  Configuration configuration = one_country({network("n", {target("a")})});
  configuration.controls = {{target("a"), "n", ""}};
  const auto first = make_plan(configuration, nullptr);
  check_links(*first);
  REQUIRE(first->networks.size() == 2);
  const auto second = make_plan(configuration, first.get());
  CHECK(at(*second, "XX/n/a/ping") == at(*first, "XX/n/a/ping"));
  CHECK(at(*second, "vantage/n/a/ping") == at(*first, "vantage/n/a/ping"));
}

}  // namespace blipd::config
