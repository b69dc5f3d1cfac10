#include <catch2/catch.hpp>

#include "daemon/engine/name_book.hpp"

namespace blipd::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

base::MonoTime at(base::Duration since_start) { return base::MonoTime(hours(1000) + since_start); }

std::vector<base::Address> addresses(std::initializer_list<const char*> texts) {
  std::vector<base::Address> list;
  for (const char* text : texts) list.push_back(base::Address::parse(text).value());
  return list;
}

Lookup found(std::initializer_list<const char*> texts, base::Duration ttl = minutes(5)) {
  return {addresses(texts), ttl, std::nullopt};
}

// Settles the one errand that is due.
void settle(NameBook& book, const base::Expected<Lookup>& lookup, base::MonoTime now) {
  const auto errands = book.due(now);
  REQUIRE(errands.size() == 1);
  book.settle(errands[0], lookup, now);
}

// Whether nothing is due a nanosecond before `time`, and something is at it.
bool is_due_exactly_at(NameBook& book, base::MonoTime time, NameBook::Errand& errand) {
  if (!book.due(time - base::Duration(1)).empty()) return false;
  const auto errands = book.due(time);
  if (errands.size() != 1) return false;
  errand = errands[0];
  return true;
}

}  // namespace

TEST_CASE("a literal address is known at once and never looked up") {
  NameBook book;
  book.watch("192.0.2.7");
  book.watch("2001:db8::7");
  const auto news = book.take_news();
  REQUIRE(news.size() == 2);
  CHECK(news[0].name == "192.0.2.7");
  CHECK(news[0].addresses == addresses({"192.0.2.7"}));
  CHECK(news[0].error.empty());
  CHECK(news[1].addresses == addresses({"2001:db8::7"}));
  CHECK(book.due(at(hours(100))).empty());
}

TEST_CASE("a name is due at once, and once only while its lookup is under way") {
  NameBook book;
  book.watch("ns.example");
  const auto errands = book.due(at(seconds(0)));
  REQUIRE(errands.size() == 1);
  CHECK(errands[0].name == "ns.example");
  CHECK(book.due(at(hours(10))).empty());
  book.settle(errands[0], found({"192.0.2.2", "192.0.2.1"}), at(hours(10)));
  const auto news = book.take_news();
  REQUIRE(news.size() == 1);
  CHECK(news[0].addresses == addresses({"192.0.2.1", "192.0.2.2"}));
  CHECK(book.take_news().empty());
}

TEST_CASE("a name is looked up again when its TTL is over, within thirty seconds and an hour") {
  struct Case {
    base::Duration ttl, again;
  };
  for (const auto& [ttl, again] :
       {Case{seconds(0), seconds(30)}, Case{seconds(29), seconds(30)}, Case{seconds(31), seconds(31)},
        Case{seconds(3599), seconds(3599)}, Case{seconds(3601), hours(1)}, Case{hours(24 * 365), hours(1)}}) {
    NameBook book;
    book.watch("ns.example");
    settle(book, found({"192.0.2.1"}, ttl), at(seconds(0)));
    NameBook::Errand errand;
    INFO(base::to_seconds(ttl));
    CHECK(is_due_exactly_at(book, at(again), errand));
  }
}

TEST_CASE("after failures the last addresses stay, and it is tried again after 5 s, then ever later up to 5 min") {
  NameBook book;
  book.watch("ns.example");
  settle(book, found({"192.0.2.1"}, seconds(30)), at(seconds(0)));
  book.take_news();
  base::MonoTime now = at(seconds(30));
  NameBook::Errand errand;
  REQUIRE(is_due_exactly_at(book, now, errand));
  for (const int wait : {5, 10, 20, 40, 80, 160, 300, 300}) {
    book.settle(errand, base::fail("no answer"), now);
    const auto news = book.take_news();
    REQUIRE(news.size() == 1);
    CHECK(news[0].error == "no answer");
    CHECK(news[0].addresses == addresses({"192.0.2.1"}));
    now += seconds(wait);
    INFO(wait);
    REQUIRE(is_due_exactly_at(book, now, errand));
  }
  // A success ends it.
  book.settle(errand, found({"192.0.2.9"}, minutes(5)), now);
  CHECK(book.take_news().at(0).addresses == addresses({"192.0.2.9"}));
  now += minutes(5);
  REQUIRE(is_due_exactly_at(book, now, errand));
  book.settle(errand, base::fail("no answer"), now);
  CHECK(is_due_exactly_at(book, now + seconds(5), errand));
}

TEST_CASE("a name that never resolved has no addresses and is tried again") {
  NameBook book;
  book.watch("ns.example");
  settle(book, base::fail("no such name"), at(seconds(0)));
  CHECK(book.take_news().at(0).addresses.empty());
  settle(book, found({"192.0.2.1"}), at(seconds(5)));
  CHECK(book.take_news().at(0).addresses.size() == 1);
}

TEST_CASE("when one family could not be asked for, its former addresses stay and the other's are replaced") {
  NameBook book;
  book.watch("ns.example");
  settle(book, found({"192.0.2.1", "2001:db8::1"}, seconds(30)), at(seconds(0)));
  book.take_news();
  Lookup half = found({"192.0.2.2"}, seconds(30));
  half.failed_family = base::Family::kIpv6;
  settle(book, half, at(seconds(30)));
  CHECK(book.take_news().at(0).addresses == addresses({"192.0.2.2", "2001:db8::1"}));
  settle(book, found({"192.0.2.2"}, seconds(30)), at(seconds(60)));
  CHECK(book.take_news().at(0).addresses == addresses({"192.0.2.2"}));
}

TEST_CASE("an address that is given twice counts once") {
  NameBook book;
  book.watch("ns.example");
  settle(book, found({"192.0.2.1", "192.0.2.1"}), at(seconds(0)));
  CHECK(book.take_news().at(0).addresses == addresses({"192.0.2.1"}));
}

TEST_CASE("a name watched twice is looked up once, told twice, and forgotten with the second unwatch") {
  NameBook book;
  book.watch("ns.example");
  book.watch("ns.example");
  CHECK(book.take_news().empty());
  settle(book, found({"192.0.2.1"}, seconds(30)), at(seconds(0)));
  book.take_news();
  book.watch("ns.example");
  CHECK(book.take_news().at(0).addresses == addresses({"192.0.2.1"}));
  book.unwatch("ns.example");
  book.unwatch("ns.example");
  CHECK(book.due(at(seconds(30))).size() == 1);
  book.unwatch("ns.example");
  book.unwatch("ns.example");  // one too many
  CHECK(book.due(at(hours(10))).empty());
}

TEST_CASE("a lookup that ends after its name was forgotten says nothing, even when the name is back") {
  NameBook book;
  book.watch("ns.example");
  const auto old = book.due(at(seconds(0)));
  book.unwatch("ns.example");
  book.settle(old.at(0), found({"192.0.2.1"}), at(seconds(1)));
  CHECK(book.take_news().empty());
  book.watch("ns.example");
  book.settle(old.at(0), found({"192.0.2.1"}), at(seconds(2)));
  CHECK(book.take_news().empty());
  settle(book, found({"192.0.2.2"}), at(seconds(3)));
  CHECK(book.take_news().at(0).addresses == addresses({"192.0.2.2"}));
}

}  // namespace blipd::engine
