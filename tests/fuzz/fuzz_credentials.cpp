// The Authorization field: what is read of it is a name and a password that the C library sees whole.
#include <string_view>

#include "daemon/serve/credentials.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace blipd;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  const auto found = serve::parse_basic(field);
  if (!found) return 0;
  must(found->user.find(':') == std::string::npos, "a name ends at the first colon");
  must(found->user.find('\0') == std::string::npos, "no NUL hides the rest of a name");
  must(found->password.find('\0') == std::string::npos, "no NUL hides the rest of a password");
  // Four characters hold three bytes (RFC 4648, 4), one of them the colon.
  must(found->user.size() + 1 + found->password.size() <= size / 4 * 3 + 2, "nothing comes from nowhere");
  return 0;
}
