// Any bytes at all as a file of recorded results: however it is cut into lines and whatever they say, reading ends,
// each line is a row or a fault that says what to do, and an entry is never learned before it was sent.
#include <string>
#include <string_view>

#include "daemon/recorded/directory.hpp"
#include "daemon/recorded/entry.hpp"
#include "daemon/recorded/row_reader.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace blipd;
using Next = recorded::RowReader::Next;

bool says_what_to_do(const base::Error& error) {
  return error.text.find("; ") != std::string::npos || error.text.find("did you mean") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto source = recorded::unpacked(recorded::text_source(std::string(reinterpret_cast<const char*>(data), size)));
  if (!source) return 0;
  recorded::RowReader reader(std::move(*source));
  recorded::Directory directory{config::Configuration()};
  recorded::Row row;
  std::uint64_t line = 0;
  while (true) {
    const Next next = reader.next(row);
    if (next == Next::kEnd) return 0;
    fuzz::must(reader.line() > line || next == Next::kBroken, "each call moves on by a line");
    line = reader.line();
    if (next != Next::kRow) {
      fuzz::must(says_what_to_do(reader.fault()), "a fault of form says what to do");
      if (next == Next::kBroken) return 0;
      continue;
    }
    const auto entry = recorded::entry_of(row);
    if (entry) {
      fuzz::must(entry->turn.at >= entry->turn.sent, "nothing is learned before it was sent");
    } else {
      fuzz::must(says_what_to_do(entry.error()), "a fault of content says what to do");
    }
    const auto number = directory.find(row);
    fuzz::must(number ? *directory.find(row) == *number : says_what_to_do(number.error()),
               "a name has one number, or is at fault");
  }
}
