// Documents and reports made of a journal.

#include <catch2/catch.hpp>

#include "daemon/journal/store.hpp"
#include "daemon/page/page.hpp"
#include "daemon/page/report_page.hpp"
#include "evidence.hpp"
#include "sample.hpp"
#include "tests/unit/folder.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;
using sample::contains;
using sample::count_of;

namespace {

// Three hours of minutes, all well but for the last: then the country is gone.
struct Kept {
  test::Folder folder;
  std::shared_ptr<pipeline::Snapshot> snapshot = sample::snapshot();

  Kept() {
    journal::Store store(file());
    store.begin_watch("fra1", sample::kNow - 3h);
    store.extend_watch(sample::kNow);
    store.begin();
    for (int i = 0; i < 180; ++i) {
      const bool is_gone = i >= 120;
      pipeline::Minutes minutes;
      minutes.start = sample::kNow - 3h + std::chrono::minutes(i);
      minutes.plan = snapshot->plan;
      pipeline::CountryMinute country;
      country.level = is_gone ? pipeline::CountryLevel::kTotal : pipeline::CountryLevel::kNormal;
      country.total_milliseconds = is_gone ? 60000 : 0;
      country.reachable_ratio = is_gone ? 0.0F : 1.0F;
      minutes.countries.push_back(country);
      for (config::NetworkIndex network = 0; network < 2; ++network) {
        pipeline::NetworkMinute row;
        row.network = network;
        row.state = is_gone ? pipeline::NetworkState::kOutage : pipeline::NetworkState::kNormal;
        row.down_milliseconds = is_gone ? 60000 : 0;
        row.reachable_ratio = is_gone ? 0.0F : 1.0F;
        minutes.networks.push_back(row);
      }
      store.write(minutes);
    }
    store.write(sample::outage("KP/1", event::Scope::kCountry, "", 1h, std::nullopt));
    store.write(sample::outage("KP/old", event::Scope::kNetwork, "star-jv", 2h + 30min, 6min));
    store.commit();
  }
  std::string file() const { return folder.file("journal.db"); }
  Live live() const {
    Live live = sample::live(snapshot);
    live.journal = journal::Health{};
    live.journal->path = file();
    return live;
  }
};

}  // namespace

TEST_CASE("A strip tells what the journal's minutes do") {
  const Kept kept;
  const std::string html = render("/country/KP?from=2014-12-22T17:00:00Z", kept.live(), sample::kAssets).html;
  const std::string words = "North Korea: up 2\u00A0h, down 1\u00A0h\"";
  CHECK(contains(html, words));
  CHECK(contains(html, "star-jv: up 2\u00A0h, down 1\u00A0h\""));
  CHECK(contains(html, "<a href=\"/event/KP%2Fold\" tabindex=\"-1\""));
  CHECK(contains(html, "data-series=\"/api/v1/series?country=KP&amp;from=2014-12-22T17:00:00Z&amp;to="));
  CHECK_FALSE(contains(html, "The journal"));
}

TEST_CASE("An event that only the journal knows has its view") {
  const Kept kept;
  const Document document = render("/event/KP%2Fold", kept.live(), sample::kAssets);
  CHECK(document.status == 200);
  CHECK(contains(document.html, "<h1>Outage of KP/star-jv</h1>"));
}

TEST_CASE("What memory knows better than the journal is what is shown") {
  const Kept kept;
  event::Event ended = sample::outage("KP/1", event::Scope::kCountry, "", 1h, 30min);
  ended.revision = 2;
  Live live = kept.live();
  live.ended = std::make_shared<const std::vector<std::shared_ptr<const event::Event>>>(
      std::vector{std::make_shared<const event::Event>(ended)});
  CHECK(contains(render("/event/KP%2F1", live, sample::kAssets).html, "<dt>Lasted</dt><dd>30\u00A0min</dd>"));
}

TEST_CASE("A report is one document that needs nothing beside itself") {
  const Kept kept;
  const std::string html = report_document(kept.file(), {sample::kNow - 3h, sample::kNow}, {"p{color:red}", "ABC="});
  CHECK(contains(html, "content=\"default-src 'none'; style-src 'sha256-ABC='\""));
  CHECK(count_of(html, "<style>") == 1);
  CHECK(contains(html, "<style>p{color:red}</style>"));
  CHECK_FALSE(contains(html, "<script"));
  CHECK_FALSE(contains(html, " style="));
  CHECK_FALSE(contains(html, "src="));
  CHECK_FALSE(contains(html, "href=\"/"));
  CHECK_FALSE(contains(html, "data-series"));
  CHECK(contains(html, "<h3>Outage of KP</h3>"));
  CHECK(contains(html, "<h3>Outage of KP/star-jv</h3>"));
  CHECK(contains(html, "KP/mobile"));  // named, though it had no event of its own
  CHECK(contains(html, "All of it was watched."));
}

TEST_CASE("A report has the evidence of its events, names files without a link, and bounds the hops that it shows") {
  const Kept kept;
  const std::size_t events = 27;
  {
    journal::Store store(kept.file());
    store.begin();
    for (std::size_t i = 0; i < events; ++i) {
      event::Event event = sample::outage("KP/e" + std::to_string(i), event::Scope::kNetwork, "star-jv", 3h, 1min);
      event.evidence.paths = {sample::cut_path()};
      event.evidence.packets = {sample::packet_file()};
      store.write(event);
    }
    store.commit();
  }
  const std::string html = report_document(kept.file(), {sample::kNow - 4h, sample::kNow}, {"", ""});
  CHECK(count_of(html, "<h4>Evidence</h4>") == events);
  CHECK(count_of(html, "where 198.18.5.2 (AS64510, country) answered before</td>") == events);
  CHECK(count_of(html, ">20141222T161500Z_KP_star-jv_KP-1_start.pcapng</th>") == events);
  CHECK_FALSE(contains(html, "/api/"));
  CHECK(count_of(html, "first lost hop") == 25);
  CHECK(contains(html, "The paths of 2 of them are told in a line each"));
}

TEST_CASE("Every place that a report leads to is in it") {
  const Kept kept;
  const std::string html = report_document(kept.file(), {sample::kNow - 5h, sample::kNow}, {"", ""});
  std::size_t links = 0;
  for (std::size_t at = html.find("href=\"#"); at != std::string::npos; at = html.find("href=\"#", at + 1), ++links) {
    const std::size_t begin = at + 7;
    const std::string id = html.substr(begin, html.find('"', begin) - begin);
    CAPTURE(id);
    CHECK(contains(html, " id=\"" + id + "\""));
  }
  CHECK(links >= 2);
  CHECK(contains(html, "<h2>Not watched</h2>\n<ul>"));
}

TEST_CASE("A report of a file that is no journal is refused") {
  CHECK_THROWS_AS(report_document("/nonexistent/journal.db", {sample::kNow - 5h, sample::kNow}, {"", ""}),
                  journal::SqlFailure);
}
