#include <catch2/catch.hpp>

#include "config/plan.hpp"
#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

using std::chrono::seconds;

const Target& first_target(const Configuration& c) { return c.countries.at(0).networks.at(0).targets.at(0); }
const probes::HttpSpec& http(const probes::ProbeSpec& spec) { return std::get<probes::HttpSpec>(spec.ask); }

constexpr const char* kAsked = R"yaml(
defaults: {interval: 2s, timeout: 500ms, dscp: 8, ttl: 33}
probes:
  plain: {type: http}
  page:
    type: http
    tls: true
    interval: 5m
    host: www.example.net
    path: /status?a=b
    method: GET
    redirects: 2
    body_limit: 16KiB
    user_agent: "blipd (+https://example.org/)"
    expect: {status: [200, 3xx], body_matches: [Welcome], body_mismatches: ['(?i)blocked'], certificate_days: 14, verify: false}
countries:
  - code: XX
    networks:
      - interval: 1s
        targets:
          - {name: a, host: 192.0.2.1, probes: [plain, page, {use: page, name: head, method: HEAD, port: 8443, expect: {status: [204]}}]}
)yaml";

}  // namespace

TEST_CASE("an HTTP probe is polite unless it says otherwise itself") {
  const Configuration c = load_good(kAsked);
  const auto& specs = first_target(c).probes;
  REQUIRE(specs.size() == 3);
  CHECK(specs[0].interval == seconds(60));
  CHECK(specs[0].timeout == seconds(10));
  CHECK(specs[0].dscp == 8);
  CHECK(specs[0].ttl == 33);
  CHECK(specs[1].interval == seconds(300));
}

TEST_CASE("an HTTP probe asks the usual port of its scheme") {
  const Configuration c = load_good(kAsked);
  const auto& specs = first_target(c).probes;
  CHECK(http(specs[0]).port == 80);
  CHECK(http(specs[1]).port == 443);
  CHECK(http(specs[2]).port == 8443);
}

TEST_CASE("all that is said of an HTTP probe is taken") {
  const Configuration c = load_good(kAsked);
  const probes::HttpSpec& page = http(first_target(c).probes[1]);
  CHECK(page.tls);
  CHECK(page.host == "www.example.net");
  CHECK(page.path == "/status?a=b");
  CHECK(page.redirects == 2);
  CHECK(page.body_limit == 16 * 1024);
  CHECK(page.user_agent == "blipd (+https://example.org/)");
  CHECK(page.expect.statuses == std::vector<std::string>{"200", "3xx"});
  CHECK(page.expect.body_matches == std::vector<std::string>{"Welcome"});
  CHECK(page.expect.body_mismatches == std::vector<std::string>{"(?i)blocked"});
  CHECK(page.expect.certificate_days == 14);
  CHECK_FALSE(page.expect.verify);
  const probes::HttpSpec& head = http(first_target(c).probes[2]);
  CHECK(head.method == probes::HttpMethod::kHead);
  CHECK(head.expect.statuses == std::vector<std::string>{"204"});
  CHECK(head.expect.verify);
}

TEST_CASE("HTTP probes are dumped and load to the same") {
  const Configuration c = load_good(kAsked);
  const std::string text = dump(c);
  const Configuration again = load_good(text);
  CHECK(first_target(again).probes == first_target(c).probes);
}

TEST_CASE("fetching pages of strangers more than every ten seconds is warned of") {
  const auto warns = [](const std::string& interval) {
    const std::string warnings =
        warnings_of("probes: {web: {type: http, timeout: 5s, interval: " + interval +
                    "}}\ncountries: [{code: XX, networks: [{targets: [{host: 1.1.1.1, probes: [web]}]}]}]\n");
    return warnings.find("10s is the shortest that is polite") != std::string::npos;
  };
  CHECK(warns("9s"));
  CHECK_FALSE(warns("10s"));
}

}  // namespace blipd::config
