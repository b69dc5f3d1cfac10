#include "daemon/app/log.hpp"

#include <catch2/catch.hpp>

using blipd::app::log_value;

TEST_CASE("a plain value stands as it is, others are quoted") {
  CHECK(log_value("198.18.1.15") == "198.18.1.15");
  CHECK(log_value("") == "\"\"");
  CHECK(log_value("two words") == "\"two words\"");
  CHECK(log_value("a=b") == "\"a=b\"");
}

TEST_CASE("a value cannot break out of its line or forge another key") {
  CHECK(log_value("x\nlevel=error event=faked") == "\"x\\nlevel=error event=faked\"");
  CHECK(log_value("say \"hi\" \\") == "\"say \\\"hi\\\" \\\\\"");
  CHECK(log_value(std::string_view("\x1b[31mred\0", 9)) == "\"\\x1b[31mred\\x00\"");
}
