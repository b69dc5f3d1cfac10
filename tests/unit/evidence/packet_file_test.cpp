#include "daemon/evidence/packet_file.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using evidence::Direction;
using evidence::KeptPacket;
using evidence::RecordingOf;
using evidence::StoredFile;

namespace {

RecordingOf recording() {
  return {
      event::Moment::kStart,      "XX-20261128T061150Z/net one/outage", "XX-20261128T061150Z", "XX", "net one", "here",
      base::WallTime(1795846323s)};
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a file is named by time, country, network, event and moment, with nothing but safe characters") {
  CHECK(packet_file_name(recording()) == "20261128T061203Z_XX_net-one_XX-20261128T061150Z-net-one-outage_start.pcapng");
  RecordingOf bad = recording();
  bad.country = "";
  bad.network = "../../etc/\xc3\xa9\n";
  bad.event_id = std::string(500, '/');
  bad.moment = event::Moment::kEnd;
  const std::string name = packet_file_name(bad);
  CHECK(name == "20261128T061203Z_control_------etc----_" + std::string(80, '-') + "_end.pcapng");
  CHECK(evidence::is_packet_file_name(name));
  CHECK(evidence::is_packet_file_name(packet_file_name(recording())));
}

TEST_CASE("names with a way out of the folder, or without the ending, are none") {
  for (const char* name : {"", ".pcapng", "a.pcap", "a.pcapng.gz", "../a.pcapng", "a/b.pcapng", "..pcapng", ".a.pcapng",
                           "a..pcapng", "a%2fb.pcapng", "a\\b.pcapng", "a b.pcapng", "a.pcapng/", "a.pcapng\n"}) {
    INFO(name);
    CHECK_FALSE(evidence::is_packet_file_name(name));
  }
  CHECK_FALSE(evidence::is_packet_file_name(std::string_view("a\0b.pcapng", 10)));
  CHECK(evidence::is_packet_file_name(std::string(213, 'a') + ".pcapng"));
  CHECK_FALSE(evidence::is_packet_file_name(std::string(214, 'a') + ".pcapng"));
}

TEST_CASE("a file has packets of several rings in order of time, each once, and its interfaces as they come") {
  const std::vector<std::byte> one(20, std::byte{7}), two(20, std::byte{8});
  const auto at = [](int n) { return base::WallTime(std::chrono::nanoseconds(n)); };
  const std::vector<KeptPacket> packets = {
      {{at(5), 2, 20, Direction::kOut}, one}, {{at(9), 3, 20, Direction::kIn}, two},
      {{at(4), 3, 20, Direction::kOut}, two}, {{at(5), 2, 20, Direction::kOut}, two},
      {{at(5), 2, 20, Direction::kOut}, one}, {{at(5), 2, 20, Direction::kIn}, one}};
  const auto file = evidence::packet_file(packets, {"", "", "blipd", {}},
                                          [](std::uint32_t index) { return "eth" + std::to_string(index); });
  CHECK(file.packets == 5);
  CHECK(file.from == at(4));
  CHECK(file.to == at(9));
  CHECK(count(file.bytes, "eth2") == 1);
  CHECK(count(file.bytes, "eth3") == 1);
  CHECK(file.bytes.find("eth3") < file.bytes.find("eth2"));
  CHECK(count(file.bytes, std::string(20, '\7')) == 2);
  CHECK(count(file.bytes, std::string(20, '\10')) == 3);
  const auto nothing = evidence::packet_file({}, {}, [](std::uint32_t) { return std::string(); });
  CHECK(nothing.packets == 0);
}

TEST_CASE("the comments name the event, its incident, the network and the vantage point") {
  using Lines = std::vector<std::string>;
  CHECK(recording_comments(recording(), false) == Lines{"event XX-20261128T061150Z/net one/outage (start)",
                                                        "incident XX-20261128T061150Z",
                                                        "network XX/net one, seen from here"});
  CHECK(recording_comments(recording(), true).back() == "not whole: more packets came than there was room for");
}

TEST_CASE("files go when they are too old, and the oldest when there is too much") {
  using Names = std::vector<std::string>;
  const base::WallTime now(100h);
  const std::vector<StoredFile> files = {{"c", 10, now - 1h}, {"a", 10, now - 3h}, {"b", 10, now - 2h}};
  CHECK(to_remove(files, now, 3h, 30, 0).empty());
  CHECK(to_remove(files, now, 3h - 1ns, 30, 0) == Names{"a"});
  CHECK(to_remove(files, now, 30min, 30, 0) == Names{"a", "b", "c"});
  CHECK(to_remove(files, now, 3h, 29, 0) == Names{"a"});
  CHECK(to_remove(files, now, 3h, 30, 1) == Names{"a"});
  CHECK(to_remove(files, now, 3h, 30, 11) == Names{"a", "b"});
  CHECK(to_remove(files, now, 3h, 30, 31) == Names{"a", "b", "c"});
}
