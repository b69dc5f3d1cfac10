#include "daemon/detect/host_verdict.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/detect/hops.hpp"

namespace blipd::detect {
namespace {

using event::HostVerdict;
using event::WaySays;

constexpr WaySays kUp = WaySays::kAnswers;
constexpr WaySays kAmiss = WaySays::kNotAsExpected;
constexpr WaySays kRefused = WaySays::kRefused;
constexpr WaySays kNearer = WaySays::kResetNearer;
constexpr WaySays kError = WaySays::kUnreachable;
constexpr WaySays kSilent = WaySays::kSilent;
constexpr WaySays kNever = WaySays::kNeverAnswered;
constexpr WaySays kUnknown = WaySays::kUnknown;

Way ping(WaySays says) { return {"ping", WayKind::kIcmp, 0, says, true, std::nullopt}; }
Way tcp(std::uint16_t port, WaySays says) { return {"tcp", WayKind::kTcp, port, says, true, std::nullopt}; }
Way dns(WaySays says) { return {"soa", WayKind::kDns, 0, says, true, std::nullopt}; }
Way page(WaySays says) { return {"page", WayKind::kOther, 0, says, true, std::nullopt}; }
Way error(Way way) {
  way.notice = probes::IcmpNotice{3, 1, base::Address::parse("198.18.0.254").value()};
  return way;
}

std::string words(const std::vector<Way>& ways) { return verdict_in_words(ways, Basis::kWatched, std::nullopt); }

}  // namespace

TEST_CASE("Ways of asking make a verdict and its words", "[host_verdict]") {
  struct Row {
    std::vector<Way> ways;
    HostVerdict verdict;
    const char* words;
  };
  const std::vector<Row> rows = {
      {{ping(kUp), tcp(80, kUp), dns(kUp)}, HostVerdict::kUpAll, "up, answers every way"},
      {{ping(kUp)}, HostVerdict::kUpAll, "up, answers every way"},
      {{ping(kUp), page(kAmiss)}, HostVerdict::kUpAll, "up, answers every way; page is not answered as expected"},
      {{ping(kUp), dns(kUnknown)}, HostVerdict::kUpAll, "up, answers every way; nothing is known of DNS"},
      {{ping(kSilent), tcp(80, kUp), dns(kUp)}, HostVerdict::kIcmpFiltered, "up, ICMP is not answered, others are"},
      {{ping(kSilent), dns(kUp)}, HostVerdict::kIcmpFiltered, "up, ICMP is not answered, others are"},
      {{ping(kSilent), tcp(80, kRefused)},
       HostVerdict::kIcmpFiltered,
       "up, ICMP is not answered, others are; port 80 is refused"},
      {{ping(kNever), tcp(80, kUp)},
       HostVerdict::kIcmpFiltered,
       "up, ICMP is not answered, others are; ICMP never was"},
      {{ping(kUp), tcp(80, kRefused)}, HostVerdict::kPortRefused, "up, port 80 is refused"},
      {{ping(kUp), tcp(80, kRefused), tcp(443, kRefused), dns(kUp)},
       HostVerdict::kPortRefused,
       "up, port 80 and port 443 are refused"},
      {{tcp(80, kRefused)}, HostVerdict::kPortRefused, "up, port 80 is refused"},
      {{ping(kSilent), tcp(80, kSilent), dns(kUp)}, HostVerdict::kDnsOnly, "up, DNS is answered, nothing else is"},
      {{ping(kUp), tcp(80, kSilent), dns(kSilent)}, HostVerdict::kIcmpOnly, "up, ICMP is answered, nothing else is"},
      {{ping(kUp), tcp(80, kUp), dns(kSilent)}, HostVerdict::kNameServerSilent, "up, DNS is not answered, others are"},
      {{ping(kUp), dns(kSilent)}, HostVerdict::kNameServerSilent, "up, DNS is not answered, others are"},
      {{ping(kUp), tcp(80, kUp), tcp(443, kSilent)},
       HostVerdict::kUpPartly,
       "up, but not by every way: port 443 is not answered"},
      {{ping(kSilent), tcp(80, kUp), dns(kSilent), page(kSilent)},
       HostVerdict::kUpPartly,
       "up, but not by every way: ICMP, DNS and page are not answered"},
      {{ping(kUp), tcp(80, kUp), error(tcp(443, kError))},
       HostVerdict::kUpPartly,
       "up, but not by every way: port 443 is not answered; of port 443 198.18.0.254 says unreachable (ICMP type 3 "
       "code 1)"},
      {{ping(kUp), tcp(80, kNearer), tcp(443, kUp), dns(kSilent)},
       HostVerdict::kResetNearer,
       "port 80 is reset by something nearer than the host; ICMP and port 443 are answered; DNS is not answered"},
      {{ping(kSilent), tcp(80, kNearer)},
       HostVerdict::kResetNearer,
       "port 80 is reset by something nearer than the host; ICMP is not answered"},
      {{ping(kSilent), error(tcp(80, kError))},
       HostVerdict::kUnreachable,
       "no answer by any way; 198.18.0.254 says unreachable (ICMP type 3 code 1)"},
      {{tcp(80, kError)}, HostVerdict::kUnreachable, "no answer by any way; an ICMP error says unreachable"},
      {{ping(kSilent), tcp(80, kSilent)}, HostVerdict::kSilent, "no answer by any way"},
      {{ping(kNever), tcp(80, kSilent)}, HostVerdict::kSilent, "no answer by any way; ICMP never was"},
      {{ping(kSilent), dns(kUnknown)}, HostVerdict::kSilent, "no answer by any way; nothing is known of DNS"},
      {{ping(kNever), tcp(80, kNever)}, HostVerdict::kUnknown, "not known: it has never answered"},
      {{ping(kNever), tcp(80, kUnknown)}, HostVerdict::kUnknown, "not known: too few answers yet"},
      {{ping(kUnknown)}, HostVerdict::kUnknown, "not known: too few answers yet"},
      {{}, HostVerdict::kUnknown, "not known: too few answers yet"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CHECK(verdict_of(row.ways) == row.verdict);
    CHECK(words(row.ways) == row.words);
  }
}

TEST_CASE("Two probes of one kind are told apart by their names", "[host_verdict]") {
  std::vector<Way> ways = {ping(kUp), ping(kSilent)};
  ways[1].probe = "large";
  CHECK(verdict_of(ways) == HostVerdict::kUpPartly);
  CHECK(words(ways) == "up, but not by every way: large is not answered");
}

TEST_CASE("While our own link is at fault, or nothing could be asked, the words say so", "[host_verdict]") {
  const std::vector<Way> ways = {ping(kUnknown), dns(kUnknown)};
  CHECK(verdict_in_words(ways, Basis::kNothing, std::nullopt) == "not known: our own link is at fault");
  CHECK(verdict_in_words(ways, Basis::kOneRound, std::nullopt) == "not known: nothing could be asked");
}

TEST_CASE("What was asked once says so, and a reset from nearer its TTLs", "[host_verdict]") {
  const std::vector<Way> ways = {ping(kUp), tcp(80, kNearer)};
  CHECK(verdict_in_words(ways, Basis::kOneRound, TtlPair{61, 50, probes::AnswerKind::kEchoReply}) ==
        "port 80 is reset by something nearer than the host: a reset with TTL 61, echo replies with 50; ICMP is "
        "answered (asked once)");
}

TEST_CASE("A verdict is as usual when every way is", "[host_verdict]") {
  std::vector<Way> ways = {ping(kNever), tcp(80, kUp)};
  CHECK(is_as_usual(ways));
  ways[1].is_as_usual = false;
  CHECK_FALSE(is_as_usual(ways));
}

TEST_CASE("Every verdict and each way's word has a name of its own", "[host_verdict]") {
  const auto are_distinct = [](auto names) {
    std::sort(names.begin(), names.end(), [](const char* a, const char* b) { return std::string_view(a) < b; });
    return std::adjacent_find(names.begin(), names.end(),
                              [](const char* a, const char* b) { return std::string_view(a) == b; }) == names.end();
  };
  CHECK(are_distinct(event::kHostVerdictNames));
  CHECK(are_distinct(event::kWaySaysNames));
  CHECK(std::string(event::kHostVerdictNames.at(static_cast<std::size_t>(HostVerdict::kUnknown))) == "unknown");
  CHECK(std::string(event::kWaySaysNames.at(static_cast<std::size_t>(WaySays::kUnknown))) == "unknown");
}

TEST_CASE("A distance is counted from the lowest usual start", "[hops]") {
  CHECK(hops_of(64) == 0);
  CHECK(hops_of(1) == 63);
  CHECK(hops_of(65) == 63);
  CHECK(hops_of(128) == 0);
  CHECK(hops_of(129) == 126);
  CHECK(hops_of(255) == 0);
}

TEST_CASE("Answers from as far are of one host, whatever they started from", "[hops]") {
  for (const int distance : {0, 5, 14, 30}) {
    const auto ttl = [&](int start) { return static_cast<std::uint8_t>(start - distance); };
    CHECK_FALSE(is_elsewhere(ttl(64), ttl(255)));
    CHECK_FALSE(is_elsewhere(ttl(128), ttl(64)));
    CHECK_FALSE(is_elsewhere(ttl(255), ttl(128)));
  }
}

TEST_CASE("Three hops apart may be one host, four are not", "[hops]") {
  CHECK_FALSE(is_elsewhere(53, 50));
  CHECK(is_elsewhere(54, 50));
  CHECK_FALSE(is_elsewhere(47, 50));
  CHECK(is_elsewhere(46, 50));
  CHECK(is_nearer(54, 50));
  CHECK_FALSE(is_nearer(46, 50));
  CHECK(is_nearer(250, 50));  // 5 hops, 14 hops
}

}  // namespace blipd::detect
