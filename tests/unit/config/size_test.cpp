#include "config/size.hpp"

#include <catch2/catch.hpp>

namespace blipd::config {

TEST_CASE("sizes are read and written in powers of 1024") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("1000") == 1000);
  CHECK(parse_size("3KiB") == 3072);
  CHECK(parse_size("16MiB") == 16 << 20);
  CHECK(parse_size("1GiB") == 1ULL << 30U);
  CHECK(parse_size("16777215TiB") == 16777215ULL << 40U);
  for (const char* bad : {"", "MiB", "-1", "+1", "1.5MiB", "1 MiB", "1M", "1MB", "1mib", "0x10", "16777216TiB",
                          "18446744073709551616", "1MiB "}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad));
  }
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1023ULL, 1024ULL, 1025ULL, 16ULL << 20U, 3ULL << 40U, ~0ULL}) {
    CHECK(parse_size(format_size(bytes)) == bytes);
  }
  CHECK(format_size(16 << 20) == "16MiB");
  CHECK(format_size(1536) == "1536");
}

}  // namespace blipd::config
