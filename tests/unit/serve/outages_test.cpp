#include "daemon/serve/outages.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/event/json.hpp"
#include "daemon/journal/store.hpp"
#include "probes/base/text.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/open_events.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using base::WallTime;
using sample::kTaken;

namespace {

// Began `ago` before the sample was taken; `length` absent: open.
event::Event make_event(std::string id, base::Duration ago, std::optional<base::Duration> length,
                        unsigned revision = 1) {
  event::Event event;
  event.id = std::move(id);
  event.country = "KP";
  event.network = "star-jv";
  event.start = {kTaken - ago, kTaken - ago + 1s};
  if (length) event.end = event::Span{kTaken - ago + *length, kTaken - ago + *length + 1s};
  event.revision = revision;
  return event;
}

struct Known {
  std::optional<std::string> journal;  // path
  std::vector<event::Event> ended;
  std::vector<event::Event> open;
  bool is_writing = true;

  Published published() const {
    sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
    snapshot.open_events = test::open_events(open);
    Published value = *sample::publish(std::move(snapshot));
    if (journal) {
      value.journal.emplace();
      value.journal->path = *journal;
      value.journal->is_writing = is_writing;
      value.journal->problem = is_writing ? "" : "disk full";
    }
    auto list = std::make_shared<std::vector<std::shared_ptr<const event::Event>>>();
    for (const event::Event& event : ended) list->push_back(std::make_shared<const event::Event>(event));
    value.ended = list;
    return value;
  }
  nlohmann::json ask(std::string_view query, const OutageLimits& limits = {}) const {
    Reply reply = outages_reply(query, published(), limits);
    REQUIRE(reply.status == 200);
    REQUIRE(reply.content_type == "application/json");
    return nlohmann::json::parse(sample::text_of(*reply.stream));
  }
};

std::vector<std::string> ids(const nlohmann::json& json) {
  std::vector<std::string> found;
  for (const auto& event : json["events"]) found.push_back(event["id"]);
  return found;
}
using Ids = std::vector<std::string>;

std::string error_of(std::string_view target) {
  const Reply reply = outages_reply(target, Known{}.published());
  CHECK(reply.status == 400);
  CHECK(reply.content_type == "application/json");
  return nlohmann::json::parse(reply.body)["error"];
}

constexpr const char* kPath = "/api/v1/outages";

}  // namespace

TEST_CASE("without a journal the answer comes from memory and says so") {
  Known known;
  known.ended = {make_event("ended", 2h, 5min)};
  known.open = {make_event("open", 1h, std::nullopt)};
  const auto json = known.ask(kPath);
  CHECK(json["source"] == "memory");
  CHECK(json["problem"].get<std::string>().starts_with("no journal is kept; "));
  CHECK(json["from"] == "2014-11-22T16:15:00.000Z");
  CHECK(json["to"] == "2014-12-22T16:15:00.000Z");
  CHECK(json["next_to"].is_null());
  CHECK(ids(json) == Ids{"ended", "open"});
}

TEST_CASE("an event is the object that it is everywhere") {
  Known known;
  known.open = {make_event("open", 1h, std::nullopt)};
  CHECK(known.ask(kPath)["events"].at(0) == nlohmann::json::parse(event::to_json(known.open[0])));
}

TEST_CASE("the journal is read, and what memory knows better comes on top") {
  const test::Folder folder;
  journal::Store store(folder.file("journal.db"));
  store.write(make_event("old", 10h, 5min));
  store.write(make_event("closing", 3h, std::nullopt, 2));
  store.write(make_event("ahead", 2h, 1h, 9));
  Known known;
  known.journal = folder.file("journal.db");
  known.ended = {make_event("closing", 3h, 10min, 3), make_event("ahead", 2h, 30min, 8)};
  known.open = {make_event("new", 10s, std::nullopt)};
  const auto json = known.ask(kPath);
  CHECK(json["source"] == "journal");
  CHECK(json["problem"] == "");
  CHECK(ids(json) == Ids{"old", "closing", "ahead", "new"});
  CHECK(json["events"].at(1)["revision"] == 3);
  CHECK(json["events"].at(2)["revision"] == 9);
}

TEST_CASE("events overlap the range, of which the end is no part") {
  const test::Folder folder;
  journal::Store store(folder.file("journal.db"));
  Known in_journal;
  in_journal.journal = folder.file("journal.db");
  Known in_memory;
  in_memory.ended = {make_event("e", 100s, 50s)};  // until 49 s before
  store.write(in_memory.ended[0]);
  for (const Known* known : {&in_journal, &in_memory}) {
    const auto at = [](std::string_view name, base::Duration ago) {
      return std::string(name) + base::format_time(kTaken - ago);
    };
    const auto found = [&](base::Duration from, base::Duration to) {
      return ids(known->ask(kPath + at("?from=", from) + at("&to=", to))).size();
    };
    CHECK(found(200s, 100s) == 0);
    CHECK(found(200s, 99999ms) == 1);
    CHECK(found(49s, 0s) == 1);
    CHECK(found(48999ms, 0s) == 0);
  }
}

TEST_CASE("a journal that cannot be read leaves memory, and the answer says why") {
  const test::Folder folder;
  Known known;
  known.open = {make_event("open", 1h, std::nullopt)};
  known.journal = folder.file("journal.db");
  const auto none = known.ask(kPath);
  CHECK(none["source"] == "memory");
  CHECK(none["problem"].get<std::string>().starts_with("the journal cannot be read (unable to open"));
  CHECK(ids(none) == Ids{"open"});
  std::ofstream(folder.file("journal.db")) << std::string(4096, 'x');
  CHECK(
      known.ask(kPath)["problem"].get<std::string>().starts_with("the journal cannot be read (file is not a database"));
}

TEST_CASE("a journal that is behind is said to be so") {
  const test::Folder folder;
  journal::Store store(folder.file("journal.db"));
  Known known;
  known.journal = folder.file("journal.db");
  known.is_writing = false;
  const auto json = known.ask(kPath);
  CHECK(json["source"] == "journal");
  CHECK(json["problem"] == "the journal is not being written (disk full); what it lacks comes from memory");
}

TEST_CASE("somebody who writes is neither held up nor waited for") {
  const test::Folder folder;
  journal::Store store(folder.file("journal.db"));
  store.write(make_event("old", 10h, 5min));
  store.begin();
  store.write(make_event("not yet", 9h, 5min));
  Known known;
  known.journal = folder.file("journal.db");
  CHECK(ids(known.ask(kPath)) == Ids{"old"});
  store.commit();
  CHECK(ids(known.ask(kPath)) == Ids{"old", "not yet"});
}

TEST_CASE("of too many the latest are given, and how to ask for the others") {
  const test::Folder folder;
  journal::Store store(folder.file("journal.db"));
  Known in_journal;
  in_journal.journal = folder.file("journal.db");
  Known in_memory;
  Ids all;
  for (int i = 0; i < 10; ++i) {
    // Two at a time begin together.
    const event::Event event = make_event("e" + std::to_string(i), std::chrono::minutes(100 - i / 2), 10s);
    all.push_back(event.id);
    store.write(event);
    in_memory.ended.push_back(event);
  }
  const std::size_t bytes = event::to_json(in_memory.ended[0]).size();
  for (const Known* known : {&in_journal, &in_memory}) {
    OutageLimits few;
    few.events = 5;
    OutageLimits small;
    small.bytes = 5 * bytes + bytes / 2;
    for (const OutageLimits& limits : {few, small}) {
      const auto last = known->ask(kPath, limits);
      CHECK(ids(last) == Ids(all.begin() + 6, all.end()));
      CHECK(last["next_to"] == last["events"].at(0)["start"]["earliest"]);
      Ids together;
      std::string query = kPath;
      for (int asked = 0; asked < 4; ++asked) {
        const auto json = known->ask(query, limits);
        const Ids found = ids(json);
        together.insert(together.begin(), found.begin(), found.end());
        if (json["next_to"].is_null()) break;
        query = std::string(kPath) + "?to=" + json["next_to"].get<std::string>();
      }
      CHECK(together == all);
    }
    OutageLimits exact;
    exact.events = 10;
    exact.bytes = 10 * bytes;
    CHECK(known->ask(kPath, exact)["next_to"].is_null());
    OutageLimits least;
    least.events = 1;
    least.bytes = 1;
    CHECK_FALSE(known->ask(kPath, least)["events"].empty());
  }
}

TEST_CASE("reading a journal does not take longer than it may") {
  const test::Folder folder;
  journal::Store store(folder.file("journal.db"));
  store.begin();
  for (int i = 0; i < 3000; ++i) store.write(make_event("e" + std::to_string(i), std::chrono::minutes(i + 1), 10s));
  store.commit();
  Known known;
  known.journal = folder.file("journal.db");
  OutageLimits impatient;
  impatient.patience = 0s;
  const auto json = known.ask(kPath, impatient);
  CHECK(json["source"] == "memory");
  CHECK(json["problem"].get<std::string>().starts_with("the journal cannot be read (took too long); "));
  CHECK(ids(known.ask(kPath)).size() == OutageLimits{}.events);
}

TEST_CASE("times are RFC 3339 or Unix, and a range has defaults") {
  const auto range = [](std::string_view query) {
    const auto read = read_range(query, kTaken);
    REQUIRE(read);
    return std::pair(read->from, read->to);
  };
  CHECK(range("/?from=2014-12-22T00:00:00Z&to=1419264900.5") ==
        std::pair(WallTime(1419206400s), WallTime(1419264900s + 500ms)));
  CHECK(range("/?to=2014-12-22T01:00:00%2B01:00").second == WallTime(1419206400s));
  CHECK(range("/?to=2014-12-22T01:00:00+01:00").second == WallTime(1419206400s));
  CHECK(range("/") == std::pair(kTaken - 720h, kTaken));
  CHECK(range("/?from=0") == std::pair(WallTime{}, kTaken));
  CHECK(range("/?to=0") == std::pair(WallTime{} - 720h, WallTime{}));
  CHECK(range("/?to=1677-10-01T00:00:00Z").first == WallTime::min());
}

TEST_CASE("bad parameters are refused, and the error says what would be right") {
  CHECK(error_of("/?from=yesterday") ==
        "from: 'yesterday' is not a time; write one like 2014-12-22T16:15:00Z or 1419264900");
  CHECK(error_of("/?to=").starts_with("to: '' is not a time; "));
  CHECK(error_of("/?form=0") == "there is no parameter 'form'; there are from and to");
  CHECK(error_of("/?from=0&from=1") == "from is given twice; leave one out");
  CHECK(error_of("/?from=10&to=10") ==
        "from (1970-01-01T00:00:10.000Z) is not before to (1970-01-01T00:00:10.000Z); exchange them, or leave one out");
  CHECK(error_of("/?from=11&to=10").starts_with("from ("));
  CHECK(error_of("/?from=2100-01-01T00:00:00Z").starts_with("from ("));
  CHECK(error_of("/?from=%zz").starts_with("the query has a character"));
  CHECK(error_of("/?from=\"\\x").starts_with("from: '\"\\x' is not a time"));
}
