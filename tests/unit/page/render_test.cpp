
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "daemon/page/address.hpp"
#include "daemon/page/page.hpp"
#include "sample.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/open_events.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;
using sample::contains;

namespace {

const std::vector<std::string> kViews = {"/", "/country/KP", "/country/KP/network/star-jv",
                                         "/country/KP/network/star-jv/target/ns1", "/event/KP%2Foutage"};

Live with_event() {
  auto snapshot = sample::snapshot();
  event::Event event = sample::outage("KP/outage", event::Scope::kCountry, "", 3h, std::nullopt);
  event.onset.order = {{"star-jv", {sample::kNow - 3h, sample::kNow - 3h + 4s}, 1},
                       {"mobile", {sample::kNow - 3h + 2s, sample::kNow - 3h + 9s}, 1}};
  event.onset.before = {{1h, 3, 0.2, -0.01, 1.5, 7}};
  event.onset.failures = {30, 2, 1, {{3, 1, "192.0.2.1", 2}}};
  snapshot->open_events = test::open_events({event});
  snapshot->countries[0].level = pipeline::CountryLevel::kTotal;
  snapshot->countries[0].since = sample::kNow - 3h + 12s;
  return sample::live(snapshot);
}

}  // namespace

TEST_CASE("The overview says the level of a country, since when, and how sure that is") {
  const Document document = render("/", with_event(), sample::kAssets);
  CHECK(document.status == 200);
  CHECK(contains(document.html, "data-state=\"total\" data-live=\"country/KP/level\">total</p>"));
  CHECK(contains(document.html, "data-live=\"country/KP/since\">22\u00A0Dec 2014 17:00:12</time>"));
  CHECK(contains(document.html,
                 "±\u00A0"
                 "2\u00A0s"));
  CHECK(contains(document.html, "data-live=\"network/KP/star-jv/state\""));
  CHECK(contains(document.html, "data-live=\"vantage/control\">unknown</span>"));
}

TEST_CASE("A fault of ours is said in words, and nothing about the country") {
  auto snapshot = sample::snapshot();
  snapshot->vantage.state = pipeline::VantageState::kFault;
  const Document document = render("/", sample::live(snapshot), sample::kAssets);
  CHECK(contains(document.html, "Our own connection is at fault"));
  CHECK(contains(document.html, "Nothing is said of it while our own connection is at fault."));
}

TEST_CASE("No view has a style or a script of its own, so that a strict policy holds") {
  for (const std::string& view : kViews) {
    CAPTURE(view);
    const Document document = render(view, with_event(), sample::kAssets);
    CHECK(document.status == 200);
    CHECK_FALSE(contains(document.html, " style="));
    CHECK_FALSE(contains(document.html, "<style"));
    CHECK_FALSE(std::regex_search(document.html, std::regex(R"(\son[a-z]+=)")));
    CHECK(sample::count_of(document.html, "<script") == 1);
    CHECK(contains(document.html, "src=\"/assets/page-1.js\"></script>"));
    CHECK_FALSE(contains(document.html, "//"));  // no other host
  }
}

TEST_CASE("An id is there once, and every part that changes has one") {
  const std::regex id(R"re(\sid="([^"]*)")re");
  const std::regex part(R"re(<[a-z]+ [^>]*data-part)re");
  for (const std::string& view : kViews) {
    CAPTURE(view);
    const std::string html = render(view, with_event(), sample::kAssets).html;
    std::set<std::string> ids;
    for (auto at = std::sregex_iterator(html.begin(), html.end(), id); at != std::sregex_iterator(); ++at) {
      CAPTURE((*at)[1].str());
      CHECK(ids.insert((*at)[1].str()).second);
    }
    for (auto at = std::sregex_iterator(html.begin(), html.end(), part); at != std::sregex_iterator(); ++at) {
      CAPTURE(at->str());
      CHECK(contains(at->str(), " id=\""));
    }
  }
}

TEST_CASE("Hostile names are names everywhere") {
  const std::string bad = "\"><img src=x onerror=alert(1)>'&\xFF";
  auto snapshot = sample::snapshot(bad, bad);
  event::Event event = sample::outage(bad, event::Scope::kNetwork, bad, 1h, std::nullopt);
  event.onset.order = {{bad, {}, 1}, {bad, {}, 2}};
  event.onset.failures = {1, 0, 0, {{3, 1, bad, 2}}};
  event.path = bad;
  snapshot->open_events = test::open_events({event});
  Live live = sample::live(snapshot);
  live.notices = {bad};
  for (const std::string& view : {std::string("/"), country_path("KP"), network_path("KP", bad),
                                  target_path("KP", bad, "ns1"), event_path(bad)}) {
    CAPTURE(view);
    const Document document = render(view, live, sample::kAssets);
    CHECK(document.status == 200);
    CHECK_FALSE(contains(document.html, "<img"));
    CHECK_FALSE(contains(document.html, "\xFF"));
    CHECK(contains(document.html, "&lt;img src=x onerror=alert(1)&gt;"));
  }
  CHECK_FALSE(contains(render("/country/" + percent_encoded(bad), live, sample::kAssets).html, "<img"));
}

TEST_CASE("A name of any length is shown, not cut") {
  const std::string name(5000, 'x');
  CHECK(contains(render("/", sample::live(sample::snapshot(name)), sample::kAssets).html, ">" + name + "</a>"));
}

TEST_CASE("Without a journal memory is shown, and the page says so") {
  const Document document = render("/event/KP%2Foutage", with_event(), sample::kAssets);
  CHECK(contains(document.html, "No journal is kept."));
  CHECK(contains(document.html, "What fell when"));
  CHECK(contains(document.html, "ICMP type 3 code 1 from 192.0.2.1"));
}

TEST_CASE("A journal that cannot be read is said to be so, and memory is shown") {
  const test::Folder folder;
  Live live = with_event();
  live.journal = journal::Health{};
  live.journal->path = folder.write("journal.db", std::string(8192, 'x'));
  for (const std::string& view : kViews) {
    CAPTURE(view);
    const Document document = render(view, live, sample::kAssets);
    CHECK(document.status == 200);
    CHECK(contains(document.html, "The journal cannot be read"));
  }
}

TEST_CASE("What is not there is 404, what makes no sense is 400, and both say so") {
  const Live live = with_event();
  for (const char* path :
       {"/country/XX", "/country/KP/network/none", "/country/KP/network/star-jv/target/none",
        "/country/KP/nothing/star-jv", "/event/none", "/country/KP/network/star-jv/target/ns1/more"}) {
    CAPTURE(path);
    CHECK(render(path, live, sample::kAssets).status == 404);
  }
  CHECK(contains(render("/country/KP?from=2015-01-01T00:00:00Z&to=2014-01-01T00:00:00Z", live, sample::kAssets).html,
                 "from is not before to"));
  for (const char* path :
       {"/country/KP?from=x", "/country/%", "/country/KP?from=2015-01-01T00:00:00Z&to=2014-01-01T00:00:00Z",
        "/country/KP?from=1970-01-01T00:00:00Z&to=2014-01-01T00:00:00Z"}) {
    CAPTURE(path);
    const Document document = render(path, live, sample::kAssets);
    CHECK(document.status == 400);
    CHECK(contains(document.html, "makes no sense"));
  }
}

TEST_CASE("An id of an event is understood with its slash encoded or not") {
  CHECK(render("/event/KP/outage", with_event(), sample::kAssets).status == 200);
}

TEST_CASE("A view of now is read again from time to time where no script does, one of the past is not") {
  const Live live = with_event();
  CHECK(contains(render("/", live, sample::kAssets).html, "<noscript><meta http-equiv=\"refresh\""));
  CHECK(contains(render("/", live, {"/a.css", ""}).html, "<meta http-equiv=\"refresh\""));
  CHECK_FALSE(contains(render("/", live, {"/a.css", ""}).html, "<script"));
  const Document past = render("/country/KP?from=2014-12-20T00:00:00Z&to=2014-12-21T00:00:00Z", live, sample::kAssets);
  CHECK(past.status == 200);
  CHECK_FALSE(contains(past.html, "refresh"));
}
