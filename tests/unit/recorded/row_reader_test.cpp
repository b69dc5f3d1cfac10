#include "daemon/recorded/row_reader.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace blipd::recorded {
namespace {

using Next = RowReader::Next;

const std::string kLine =
    R"({"time":1419264900.5,"country":"KP","network":"star-jv","target":"ns1","probe":"ping","outcome":"lost","rtt":null})";

struct Read {
  std::vector<std::string> rows;  // target/probe/outcome/rtt
  std::string fault;              // line: text
};

Read read_all(std::string text) {
  RowReader reader(text_source(std::move(text)));
  Row row;
  Read read;
  while (true) {
    const Next next = reader.next(row);
    if (next == Next::kEnd) return read;
    if (next == Next::kRow) {
      read.rows.push_back(
          fmt::format("{}/{}/{}/{}", row[Field::kTarget], row[Field::kProbe], row[Field::kOutcome], row[Field::kRtt]));
      continue;
    }
    read.fault += fmt::format("{}: {}\n", reader.line(), reader.fault().text);
    if (next == Next::kBroken) return read;
  }
}

std::string fault_of(const std::string& line) { return read_all(line).fault; }

TEST_CASE("Rows are read from JSON lines and from CSV alike", "[recorded]") {
  const std::vector<std::string> wanted = {"ns1/ping/lost/", "ns1/ping/answered/0.25"};
  const std::string json = kLine + "\n\n" +
                           R"({ "rtt": 0.25 , "more":{"a":[1]}, "outcome":"answered","target":"ns1",)" +
                           R"("probe":"ping","time":"2014-12-22T16:15:00Z" })";
  const std::string csv =
      "time,more,target,probe,outcome,rtt\r\n1419264900.5,x,ns1,ping,lost,\r\n1419264900,\"a\"\"b,\",\"ns1\",ping,"
      "answered,0.25";
  CHECK(read_all(json).rows == wanted);
  CHECK(read_all(csv).rows == wanted);
  CHECK(read_all("\xef\xbb\xbf" + csv + "\n").rows == wanted);
  CHECK(read_all(json).fault.empty());
  CHECK(read_all(csv).fault.empty());
  CHECK(read_all("").rows.empty());
}

TEST_CASE("A null, an empty text and no field are told apart where it matters", "[recorded]") {
  RowReader reader(text_source(R"({"rtt":null,"country":""})"));
  Row row;
  REQUIRE(reader.next(row) == Next::kRow);
  CHECK(row.has(Field::kRtt));
  CHECK(row[Field::kRtt].empty());
  CHECK(row.has(Field::kCountry));
  CHECK_FALSE(row.has(Field::kNetwork));
}

TEST_CASE("A broken line is named by its number, and the next one is read", "[recorded]") {
  const Read read = read_all(kLine + "\n{\"time\":14\n" + kLine + "\n");
  CHECK(read.rows.size() == 2);
  CHECK(read.fault == "2: broken JSON; write one whole object a line\n");
}

TEST_CASE("Each fault of form says what to do", "[recorded]") {
  CHECK(fault_of(kLine + "\n7") == "2: not a JSON object; write one object a line\n");
  CHECK(fault_of(kLine + kLine) == "1: more than one JSON object; write each on a line of its own\n");
  CHECK(fault_of(R"({"rtt":1,"rtt":2})") == "1: rtt is there twice; keep one\n");
  CHECK(fault_of(R"({"rtt":[1]})") == "1: rtt is a list or an object; write a single value\n");
  CHECK(fault_of("{\"target\":\"\xff\"}") == "1: not UTF-8; convert the file\n");
  CHECK(fault_of("[" + kLine + "]") == "1: a JSON list; write its objects one a line\n");
  CHECK(fault_of("time,target,probe,outcome\n") ==
        "1: neither a JSON object nor a CSV header with a column rtt; begin with a header such as "
        "time,country,network,target,probe,outcome,rtt\n");
  CHECK(fault_of("time,time\n") == "1: column time is there twice; keep one\n");
  const std::string header = "time,target,probe,outcome,rtt\n";
  CHECK(fault_of(header + "1,2,3\n") == "2: 3 columns, but the header has 5; write as many\n");
  for (const char* line : {"\"a", "\"a\"b,", "\"a\"\"", "1,\""}) {
    CHECK(fault_of(header + line) ==
          "2: a quote that does not end where its column ends; double quotes within quotes\n");
  }
  const std::string longest(RowReader::kLongestLine + 1, ' ');
  CHECK(fault_of(longest + "x" + std::string(1 << 20, 'y')) ==
        "1: longer than 65536 bytes; this is no file of recorded results\n");
}

TEST_CASE("A line cut at any place is a fault or the whole line", "[recorded]") {
  for (std::size_t length = 1; length < kLine.size(); ++length) {
    INFO(length);
    CHECK(fault_of(kLine.substr(0, length)) == "1: broken JSON; write one whole object a line\n");
  }
}

}  // namespace
}  // namespace blipd::recorded
