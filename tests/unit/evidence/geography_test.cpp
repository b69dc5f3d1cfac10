#include "daemon/evidence/geography.hpp"

#include <catch2/catch.hpp>

#include "daemon/evidence/path_loss.hpp"
#include "tests/unit/evidence/paths.hpp"

using namespace blipd;
using event::PathPlace;
using evidence::find_loss;
using evidence::seen_of;
using test::path;

namespace {

// We are in 64496; 64501 and 64502 take traffic into the country, which is 64510 and 64511.
const config::AsTable kTable = test::as_table(
    "198.18.0.0/24,64496\n198.18.1.0/24,64500\n198.18.2.0/24,64501\n198.18.3.0/24,64502\n"
    "198.18.4.0/24,64510\n198.18.5.0/24,64511\n");
const evidence::Destination kCountry{{64510}, 64502, {}, false};

std::vector<PathPlace> places(const event::PathSeen& seen) {
  std::vector<PathPlace> all;
  for (const auto& hop : seen.hops) all.push_back(hop.place);
  return all;
}

constexpr auto kNear = PathPlace::kNear;
constexpr auto kBetween = PathPlace::kBetween;
constexpr auto kUpstream = PathPlace::kUpstream;
constexpr auto kHome = PathPlace::kCountry;
constexpr auto kUnknown = PathPlace::kUnknown;

}  // namespace

TEST_CASE("hops lie near us, between, in the upstream in use and in the country") {
  const auto seen =
      seen_of(path("198.18.0.9 198.18.0.10 198.18.1.1 198.18.2.1 198.18.2.2 198.18.4.1 198.18.4.9", "198.18.4.9"),
              &kTable, kCountry);
  CHECK(places(seen) == std::vector{kNear, kNear, kBetween, kUpstream, kUpstream, kHome, kHome});
  CHECK(seen.upstream == 64501);
  CHECK(seen.end == event::PathEnd::kReached);
  CHECK(seen.hops[3].as_number == 64501);
}

TEST_CASE("the upstream in use is the last AS before the country, silent and unknown hops or not") {
  CHECK(seen_of(path("198.18.0.9 198.18.3.1 * 198.19.0.1 198.18.4.9", "198.18.4.9"), &kTable, kCountry).upstream ==
        64502);
  CHECK(seen_of(path("198.18.0.9 198.18.1.1 198.18.3.1 198.18.2.1 198.18.4.9", "198.18.4.9"), &kTable, kCountry)
            .upstream == 64501);
  // A path that does not come so far enters nowhere.
  CHECK(seen_of(path("198.18.0.9 198.18.3.1", "198.18.4.9"), &kTable, kCountry).upstream == 0);
  CHECK(seen_of(path("198.18.0.9 198.18.4.9", "198.18.4.9"), nullptr, kCountry).upstream == 0);
}

TEST_CASE("what the configuration names as upstream is one, before the path is known to enter by it") {
  const auto seen = seen_of(path("198.18.0.9 198.18.2.1 198.18.3.1", "198.18.4.9"), &kTable, kCountry);
  CHECK(places(seen) == std::vector{kNear, kBetween, kUpstream});
}

TEST_CASE("a target's AS that nobody configured is the country's too") {
  const auto seen = seen_of(path("198.18.0.9 198.18.2.1 198.18.5.1 198.18.5.9", "198.18.5.9"), &kTable, kCountry);
  CHECK(places(seen) == std::vector{kNear, kUpstream, kHome, kHome});
}

TEST_CASE("without a table the first hop is near, the target in the country, what controls share near") {
  const evidence::Destination shared{{}, {}, {test::address("198.18.1.1")}, false};
  const auto seen = seen_of(path("198.18.0.9 198.18.1.1 198.18.2.1 198.18.4.9", "198.18.4.9"), nullptr, shared);
  CHECK(places(seen) == std::vector{kNear, kNear, kUnknown, kHome});
}

TEST_CASE("a hop of no known AS lies where its neighbours lie, when these agree") {
  const auto seen =
      seen_of(path("198.18.0.9 198.18.2.1 198.19.0.1 * 198.19.0.2 198.18.2.2 198.19.0.3 198.18.4.9", "198.18.4.9"),
              &kTable, kCountry);
  CHECK(places(seen) == std::vector{kNear, kUpstream, kUpstream, kUnknown, kUpstream, kUpstream, kUnknown, kHome});
  CHECK(seen.hops[3].address.empty());
}

TEST_CASE("a control lies in no country and behind no upstream") {
  const auto seen =
      seen_of(path("198.18.0.9 198.18.2.1 198.18.4.1", "198.18.4.1"), &kTable, {{64510}, 64501, {}, true});
  CHECK(places(seen) == std::vector{kNear, kBetween, kBetween});
  CHECK(seen.upstream == 0);
}

TEST_CASE("an AS number is read from what people write as an upstream") {
  CHECK(evidence::as_number_in("AS4837") == 4837U);
  CHECK(evidence::as_number_in("as4837 (China Unicom)") == 4837U);
  CHECK(evidence::as_number_in("4837") == 4837U);
  CHECK_FALSE(evidence::as_number_in("China Unicom"));
  CHECK_FALSE(evidence::as_number_in("AS"));
  CHECK_FALSE(evidence::as_number_in("0"));
  CHECK_FALSE(evidence::as_number_in("4837x"));
  CHECK_FALSE(evidence::as_number_in(""));
}

TEST_CASE("the first lost hop is the one that answered behind the last that answers now") {
  const std::string whole = "198.18.0.9 198.18.1.1 198.18.2.1 198.18.4.1 198.18.4.9";
  const auto before = seen_of(path(whole, "198.18.4.9"), &kTable, kCountry);
  struct Case {
    const char* now;
    const char* after;
    const char* hop;
    PathPlace place;
  };
  for (const Case& c : {Case{"198.18.0.9 198.18.1.1 198.18.2.1 198.18.4.1", "198.18.4.1", "198.18.4.9", kHome},
                        Case{"198.18.0.9 198.18.1.1 198.18.2.1", "198.18.2.1", "198.18.4.1", kHome},
                        Case{"198.18.0.9 198.18.1.1", "198.18.1.1", "198.18.2.1", kUpstream},
                        Case{"198.18.0.9", "198.18.0.9", "198.18.1.1", kBetween}, Case{"", "", "198.18.0.9", kNear}}) {
    INFO(c.now);
    const auto loss = find_loss(seen_of(path(c.now, "198.18.4.9"), &kTable, kCountry), before);
    REQUIRE(loss);
    CHECK(loss->after.address == c.after);
    REQUIRE(loss->hop);
    CHECK(loss->hop->address == c.hop);
    CHECK(loss->place == c.place);
  }
}

TEST_CASE("a hop that was silent before is passed over when the first lost one is sought") {
  const auto before = seen_of(path("198.18.0.9 198.18.1.1 * 198.18.4.1 198.18.4.9", "198.18.4.9"), &kTable, kCountry);
  const auto loss = find_loss(seen_of(path("198.18.0.9 198.18.1.1", "198.18.4.9"), &kTable, kCountry), before);
  CHECK(loss->hop->address == "198.18.4.1");
}

TEST_CASE("the last hop that answers has the place that it had while the path was whole") {
  const auto before = seen_of(path("198.18.0.9 198.18.2.1 198.18.4.9", "198.18.4.9"), &kTable, kCountry);
  const auto loss = find_loss(seen_of(path("198.18.0.9 198.18.2.1", "198.18.4.9"), &kTable, kCountry), before);
  CHECK(loss->after.place == kUpstream);
}

TEST_CASE("a path that went another way, or was never whole, has no first lost hop, and its place is unknown") {
  const auto before = seen_of(path("198.18.0.9 198.18.2.1 198.18.4.9", "198.18.4.9"), &kTable, kCountry);
  const auto other = find_loss(seen_of(path("198.18.0.9 198.18.3.1", "198.18.4.9"), &kTable, kCountry), before);
  REQUIRE(other);
  CHECK(other->after.address == "198.18.3.1");
  CHECK_FALSE(other->hop);
  CHECK(other->place == kUnknown);
  const auto never = find_loss(seen_of(path("198.18.0.9 198.18.3.1", "198.18.4.9"), &kTable, kCountry), std::nullopt);
  REQUIRE(never);
  CHECK_FALSE(never->hop);
  CHECK(never->place == kUnknown);
}

TEST_CASE("a path that reaches its target, or could not be traced, has lost nothing") {
  const auto before = seen_of(path("198.18.0.9 198.18.4.9", "198.18.4.9"), &kTable, kCountry);
  CHECK_FALSE(find_loss(before, before));
  event::PathSeen aborted;
  aborted.end = event::PathEnd::kAborted;
  CHECK_FALSE(find_loss(aborted, before));
}
