#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include "daemon/engine/resolver.hpp"
#include "daemon/engine/system_lookup.hpp"
#include "tests/unit/engine/dns_loopback.hpp"
#include "tests/unit/folder.hpp"

namespace blipd::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::LoopbackSocket;
using test::Message;

// Polls at `now` until something is known, for at most ten seconds.
std::vector<Resolved> wait_for_news(Resolver& resolver, base::MonoTime now) {
  for (int i = 0; i < 10000; ++i) {
    auto news = resolver.poll(now);
    if (!news.empty()) return news;
    ::poll(nullptr, 0, 1);
  }
  return {};
}

// A name server on loopback, on a thread of its own; `answer` is given each question. It stops with the test.
class NameServerOnLoopback {
 public:
  struct Question {
    std::string name;  // in wire form, without the empty label
    unsigned type = 0;
    bool is_tcp = false;
  };
  using Answer = std::function<std::optional<Message>(const Question&, test::DnsAnswerBuilder)>;

  explicit NameServerOnLoopback(Answer answer)
      : answer_(std::move(answer)), udp_(SOCK_DGRAM, "127.0.0.1"), tcp_(SOCK_STREAM, "127.0.0.1", udp_.port()) {
    ::listen(tcp_.fd(), 8);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (LoopbackSocket::readable(udp_.fd(), 5)) on_udp();
        if (LoopbackSocket::readable(tcp_.fd(), 0)) on_tcp();
      }
    });
  }

  std::uint16_t port() const { return udp_.port(); }
  int questions() const { return questions_; }

 private:
  std::optional<Message> answer_to(const Message& query, bool is_tcp) {
    ++questions_;
    Question question;
    std::size_t at = 12;
    while (at < query.size() && query[at] != std::byte{0}) {
      const auto length = std::to_integer<std::size_t>(query[at]);
      if (!question.name.empty()) question.name += '.';
      for (std::size_t i = 1; i <= length; ++i) question.name += static_cast<char>(query.at(at + i));
      at += 1 + length;
    }
    question.type = base::ByteReader(base::Bytes(query).subspan(at + 1)).u16();
    question.is_tcp = is_tcp;
    test::DnsAnswerBuilder builder;
    builder.id = test::id_of(query);
    builder.name = question.name;
    builder.type = question.type;
    return answer_(question, builder);
  }
  void on_udp() {
    const auto received = udp_.receive();
    if (const auto answer = answer_to(received.bytes, false)) udp_.send(*answer, received.from);
  }
  void on_tcp() {
    const FileDescriptor client(::accept(tcp_.fd(), nullptr, nullptr));
    Message query(512);
    if (!LoopbackSocket::readable(client.get(), 1000)) return;
    const ssize_t length = ::recv(client.get(), query.data(), query.size(), 0);
    if (length < 14) return;
    query.resize(static_cast<std::size_t>(length));
    query.erase(query.begin(), query.begin() + 2);
    const auto answer = answer_to(query, true);
    if (!answer) return;
    Message framed;
    test::put_u16(framed, static_cast<unsigned>(answer->size()));
    test::put(framed, *answer);
    if (::send(client.get(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return;
    LoopbackSocket::readable(client.get(), 1000);
  }

  Answer answer_;
  std::atomic<int> questions_ = 0;
  LoopbackSocket udp_;
  LoopbackSocket tcp_;
  std::jthread thread_;
};

// Looks `name` up by this server, as the only one that resolv.conf names.
base::Expected<Lookup> look_up(const NameServerOnLoopback& server, const std::string& name,
                               const std::string& more_conf = "", const std::string& hosts = "",
                               base::Duration patience = seconds(5)) {
  const test::Folder folder;
  const std::string resolv_conf = folder.write("resolv.conf", "nameserver 127.0.0.1\n" + more_conf);
  const auto lookup = system_lookup({folder.write("hosts", hosts), resolv_conf, server.port(), patience});
  return lookup(name, std::stop_token());
}

const Message kV6 = test::dns_record("ns.example", test::kTypeAaaa, 60, Message(16, std::byte{0x20}));

std::optional<Message> both_families(const NameServerOnLoopback::Question& question, test::DnsAnswerBuilder answer) {
  if (question.type == test::kTypeA) answer.answers = {test::dns_address_record("ns.example", 7, 300)};
  if (question.type == test::kTypeAaaa) answer.answers = {kV6};
  return answer.build();
}

}  // namespace

TEST_CASE("a resolver looks names up beside the probing thread and tells what became of them") {
  Resolver resolver([](const std::string& name, const std::stop_token&) -> base::Expected<Lookup> {
    if (name == "bad.example") return base::fail("no such name");
    return Lookup{{test::loopback_address("192.0.2.1")}, seconds(60), std::nullopt};
  });
  const base::MonoTime start(seconds(1000));
  resolver.watch("good.example");
  resolver.watch("192.0.2.5");
  CHECK(resolver.poll(start).at(0).name == "192.0.2.5");
  const auto good = wait_for_news(resolver, start);
  REQUIRE(good.size() == 1);
  CHECK(good[0].name == "good.example");
  CHECK(good[0].addresses.size() == 1);
  resolver.watch("bad.example");
  const auto bad = wait_for_news(resolver, start);
  REQUIRE(bad.size() == 1);
  CHECK(bad[0].error == "no such name");
}

TEST_CASE("a lookup that hangs holds up neither polling nor other names nor the end") {
  const base::SystemClock clock;
  const auto begin = clock.read().mono;
  std::atomic<bool> is_hanging = false;
  {
    Resolver resolver([&](const std::string& name, const std::stop_token& stop) -> base::Expected<Lookup> {
      if (name != "slow.example") return Lookup{{test::loopback_address("192.0.2.1")}, seconds(60), std::nullopt};
      is_hanging = true;
      while (!stop.stop_requested()) ::poll(nullptr, 0, 1);
      return base::fail("called off");
    });
    resolver.watch("slow.example");
    CHECK(resolver.poll(base::MonoTime(seconds(1000))).empty());
    resolver.watch("quick.example");
    CHECK(wait_for_news(resolver, base::MonoTime(seconds(1000))).at(0).name == "quick.example");
  }
  CHECK(clock.read().mono - begin < seconds(10));
}

TEST_CASE("a lookup that throws is a failed one") {
  Resolver resolver([](const std::string&, const std::stop_token&) -> base::Expected<Lookup> {
    throw std::runtime_error("out of descriptors");
  });
  resolver.watch("ns.example");
  const auto news = wait_for_news(resolver, base::MonoTime(seconds(1000)));
  REQUIRE(news.size() == 1);
  CHECK(news[0].error == "cannot look up ns.example: out of descriptors");
}

TEST_CASE("loopback resolver: both families are asked for and the lower TTL counts") {
  const NameServerOnLoopback server(both_families);
  const auto lookup = look_up(server, "ns.example");
  REQUIRE(lookup);
  REQUIRE(lookup->addresses.size() == 2);
  CHECK(lookup->addresses[0].to_string() == "192.0.2.7");
  CHECK(lookup->addresses[1].is_v6());
  CHECK(lookup->ttl == seconds(60));
  CHECK_FALSE(lookup->failed_family);
}

TEST_CASE("loopback resolver: a name of one family is fine") {
  const NameServerOnLoopback server([](const auto& question, test::DnsAnswerBuilder answer) {
    if (question.type == test::kTypeA) answer.answers = {test::dns_address_record("ns.example", 7)};
    return std::optional(answer.build());
  });
  const auto lookup = look_up(server, "ns.example");
  REQUIRE(lookup);
  CHECK(lookup->addresses.size() == 1);
  CHECK_FALSE(lookup->failed_family);
}

TEST_CASE("loopback resolver: a family whose question fails is told apart from one without addresses") {
  const NameServerOnLoopback server([](const auto& question, test::DnsAnswerBuilder answer) {
    if (question.type == test::kTypeA) answer.answers = {test::dns_address_record("ns.example", 7)};
    if (question.type == test::kTypeAaaa) answer.flags = 0x8182;
    return std::optional(answer.build());
  });
  const auto lookup = look_up(server, "ns.example");
  REQUIRE(lookup);
  CHECK(lookup->failed_family == base::Family::kIpv6);
}

TEST_CASE("loopback resolver: a name that does not exist says so") {
  const NameServerOnLoopback server([](const auto&, test::DnsAnswerBuilder answer) {
    answer.flags = 0x8183;
    return std::optional(answer.build());
  });
  const auto lookup = look_up(server, "ns.example");
  REQUIRE_FALSE(lookup);
  CHECK(lookup.error().text == "ns.example has no address; check the name");
}

TEST_CASE("loopback resolver: a truncated answer is asked for again over TCP") {
  const NameServerOnLoopback server([](const auto& question, test::DnsAnswerBuilder answer) {
    if (!question.is_tcp) answer.flags = 0x8380;
    if (question.is_tcp && question.type == test::kTypeA) {
      for (unsigned i = 1; i <= 50; ++i) answer.answers.push_back(test::dns_address_record("ns.example", i));
    }
    return std::optional(answer.build());
  });
  const auto lookup = look_up(server, "ns.example");
  REQUIRE(lookup);
  CHECK(lookup->addresses.size() == 50);
}

TEST_CASE("loopback resolver: an answer with a wrong id or question is not taken for the right one") {
  const NameServerOnLoopback server([](const auto&, test::DnsAnswerBuilder answer) {
    answer.answers = {test::dns_address_record("ns.example", 66)};
    answer.id = static_cast<std::uint16_t>(answer.id ^ 1U);
    return std::optional(answer.build());
  });
  const auto lookup = look_up(server, "ns.example", "", "", milliseconds(100));
  REQUIRE_FALSE(lookup);
  CHECK(lookup.error().text == "name server 127.0.0.1 does not answer");
}

TEST_CASE("loopback resolver: a server that fails is asked once more, and the next one is tried") {
  const NameServerOnLoopback server([](const auto&, test::DnsAnswerBuilder answer) {
    answer.flags = 0x8182;
    return std::optional(answer.build());
  });
  const auto lookup = look_up(server, "ns.example", "nameserver 127.0.0.2\n");
  REQUIRE_FALSE(lookup);
  CHECK(server.questions() == 4);  // two families, two rounds
}

TEST_CASE("loopback resolver: the hosts file goes before any server") {
  const NameServerOnLoopback server(both_families);
  const auto lookup =
      look_up(server, "NS.example.", "",
              "# 192.0.2.1 ns.example\n192.0.2.2 other ns.Example # x\n2001:db8::2\tns.example\nbad ns.example\n");
  REQUIRE(lookup);
  REQUIRE(lookup->addresses.size() == 2);
  CHECK(lookup->addresses[0].to_string() == "192.0.2.2");
  CHECK(lookup->addresses[1].to_string() == "2001:db8::2");
  CHECK(server.questions() == 0);
}

TEST_CASE("loopback resolver: a name without a dot is tried in the search domains first") {
  std::mutex mutex;
  std::vector<std::string> asked;
  const NameServerOnLoopback server([&](const auto& question, test::DnsAnswerBuilder answer) {
    const std::lock_guard lock(mutex);
    if (question.type == test::kTypeA) asked.push_back(question.name);
    if (question.name == "ns.b.example" && question.type == test::kTypeA) {
      answer.answers = {test::dns_address_record("ns.b.example", 7)};
    } else {
      answer.flags = 0x8183;
    }
    return std::optional(answer.build());
  });
  REQUIRE(look_up(server, "ns", "search a.example b.example\n"));
  CHECK(asked == std::vector<std::string>{"ns.a.example", "ns.b.example"});
}

TEST_CASE("loopback resolver: a silent server ends a lookup in time, and a stop ends it at once") {
  const NameServerOnLoopback server([](const auto&, const auto&) { return std::nullopt; });
  const base::SystemClock clock;
  auto begin = clock.read().mono;
  CHECK_FALSE(look_up(server, "ns.example", "", "", milliseconds(100)));  // 2 families × (100 + 200 ms)
  CHECK(clock.read().mono - begin < seconds(10));
  const test::Folder folder;
  const std::string resolv_conf = folder.write("resolv.conf", "nameserver 127.0.0.1\n");
  const auto lookup = system_lookup({"/nonexistent", resolv_conf, server.port(), seconds(30)});
  begin = clock.read().mono;
  {
    Resolver resolver(lookup);
    resolver.watch("ns.example");
    resolver.poll(base::MonoTime(seconds(1000)));
    ::poll(nullptr, 0, 20);
  }
  CHECK(clock.read().mono - begin < seconds(10));
}

TEST_CASE("a resolv.conf that cannot be read or names no server is an error that says so") {
  const auto missing = system_lookup({"/nonexistent", "/nonexistent/resolv.conf", 53, milliseconds(1)});
  const auto lookup = missing("ns.example", std::stop_token());
  REQUIRE_FALSE(lookup);
  CHECK(lookup.error().text.find("cannot read /nonexistent/resolv.conf") == 0);
  const test::Folder folder;
  const std::string empty = folder.write("resolv.conf", "# nothing\n");
  const auto none = system_lookup({"/nonexistent", empty, 53, milliseconds(1)})("ns.example", std::stop_token());
  REQUIRE_FALSE(none);
  CHECK(none.error().text.find("names no server") != std::string::npos);
}

}  // namespace blipd::engine
