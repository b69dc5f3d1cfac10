#include "config/as_table.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <sstream>

namespace blipd::config {

namespace {

base::Address address(const std::string& text) { return base::Address::parse(text).value(); }

AsTable table_of(const std::string& text) {
  std::istringstream in(text);
  Faults faults("as.txt");
  AsTable table = parse_as_table(in, faults);
  CHECK(faults.is_empty());
  return table;
}

std::vector<std::string> faults_of(const std::string& text) {
  std::istringstream in(text);
  Faults faults("as.txt");
  parse_as_table(in, faults);
  Loaded loaded;
  faults.move_to(loaded);
  std::vector<std::string> said;
  for (const Fault& fault : loaded.faults) said.push_back(fault.to_string());
  return said;
}

}  // namespace

TEST_CASE("the usual forms of a line mean the same") {
  for (const char* line : {"192.0.2.0/24,64500", "192.0.2.0/24, AS64500", "192.0.2.0/24 64500", "192.0.2.0/24\t64500\r",
                           "192.0.2.0/24|64500", "192.0.2.0\t24\t64500", "192.0.2.0/24;as64500;Example Net",
                           "\"192.0.2.0/24\",\"64500\"", "192.0.2.0/24,64500_64501", "192.0.2.0/24,0.64500",
                           "# a comment\n\n192.0.2.0/24 64500", "network,asn\n192.0.2.0/24,64500"}) {
    INFO(line);
    const AsTable table = table_of(line);
    CHECK(table.size() == 1);
    CHECK(table.find(address("192.0.2.255")) == 64500U);
    CHECK_FALSE(table.find(address("192.0.3.0")));
    CHECK_FALSE(table.find(address("2001:db8::1")));
  }
}

TEST_CASE("the longest prefix decides, in either family, whatever the order of lines") {
  const AsTable table = table_of(
      "10.1.2.3/32,4\n10.0.0.0/8,1\n10.1.2.0/24,3\n10.1.0.0/16,2\n0.0.0.0/0,9\n"
      "2001:db8::/32,5\n2001:db8:1::/48,6\n2001:db8:1::1/128,7\n");
  CHECK(table.find(address("10.1.2.3")) == 4U);
  CHECK(table.find(address("10.1.2.4")) == 3U);
  CHECK(table.find(address("10.1.3.0")) == 2U);
  CHECK(table.find(address("10.2.0.0")) == 1U);
  CHECK(table.find(address("11.0.0.0")) == 9U);
  CHECK(table.find(address("2001:db8:2::")) == 5U);
  CHECK(table.find(address("2001:db8:1::2")) == 6U);
  CHECK(table.find(address("2001:db8:1::1")) == 7U);
  CHECK_FALSE(table.find(address("2001:db9::")));
}

TEST_CASE("AS 0 and a prefix given twice: nobody's, and the first line") {
  const AsTable table = table_of("10.0.0.0/8,1\n10.0.0.0/8,2\n10.1.0.0/16,0\n");
  CHECK(table.find(address("10.0.0.1")) == 1U);
  CHECK_FALSE(table.find(address("10.1.0.1")));
}

TEST_CASE("what is found agrees with a search through all lines") {
  std::mt19937_64 random(7);
  std::vector<std::pair<base::Prefix, std::uint32_t>> rows;
  std::string text;
  for (std::uint32_t i = 1; i <= 400; ++i) {
    const std::array<std::byte, 4> bytes = {std::byte{10}, static_cast<std::byte>(random() % 4),
                                            static_cast<std::byte>(random()), static_cast<std::byte>(random())};
    const base::Prefix prefix(base::Address::v4(bytes), 8 + static_cast<unsigned>(random() % 25));
    const auto is_same = [&](const auto& row) { return row.first == prefix; };
    if (std::ranges::find_if(rows, is_same) != rows.end()) continue;
    rows.emplace_back(prefix, i);
    text += fmt::format("{},{}\n", prefix.to_string(), i);
  }
  const AsTable table = table_of(text);
  for (int i = 0; i < 5000; ++i) {
    const std::array<std::byte, 4> bytes = {std::byte{10}, static_cast<std::byte>(random() % 5),
                                            static_cast<std::byte>(random()), static_cast<std::byte>(random())};
    const auto asked = base::Address::v4(bytes);
    std::optional<std::uint32_t> best;
    unsigned length = 0;
    for (const auto& [prefix, as_number] : rows) {
      if (!prefix.contains(asked) || (best && prefix.length() < length)) continue;
      best = as_number;
      length = prefix.length();
    }
    CHECK(table.find(asked) == best);
  }
}

TEST_CASE("a line that cannot be read is said with its number and what to write") {
  CHECK(faults_of("192.0.2.0/24,64500\n192.0.2.1/24,64500\n") ==
        std::vector<std::string>{"as.txt:2:1: " + base::Prefix::parse("192.0.2.1/24").error().text +
                                 (base::Prefix::parse("192.0.2.1/24").error().text.find(';') == std::string::npos
                                      ? "; write 'prefix,asn', such as 192.0.2.0/24,64500"
                                      : "")});
  CHECK(faults_of("#\n192.0.2.0/24\n") ==
        std::vector<std::string>{"as.txt:2:1: no AS number behind '192.0.2.0/24'; write 'prefix,asn'"});
  CHECK(faults_of("192.0.2.0/24,ASX\n") ==
        std::vector<std::string>{"as.txt:1:1: 'ASX' is no AS number; write one such as 64500 or AS64500"});
  CHECK(faults_of("192.0.2.0/24,4294967296\n").size() == 1);
  CHECK(faults_of("x\nx\n").size() == 1);  // the first is a heading
}

TEST_CASE("of many bad lines the first ones are said, and that there are more") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "/\n";
  const auto said = faults_of(text);
  REQUIRE(said.size() == 11);
  CHECK(said.back() == "as.txt:11:1: more of the kind from here on; mend those above first");
  CHECK(faults_of(std::string(2000, '1')).size() == 1);
}

}  // namespace blipd::config
