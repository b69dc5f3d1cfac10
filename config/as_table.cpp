#include "config/as_table.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>

namespace blipd::config {

namespace {

// The Internet has a million and a half prefixes. Beyond, or with longer lines, it is another kind of file.
constexpr std::size_t kMostLines = 8'000'000;
constexpr std::size_t kLongestLine = 1024;
constexpr std::size_t kMostFaults = 10;

constexpr std::string_view kBlank = " \t\r\",;|";

// The next column, without what stands between columns.
std::string_view take_column(std::string_view& line) {
  const auto begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const std::string_view column = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(column.size());
  return column;
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// 64500, AS64500, or 1.10 (asdot, RFC 5396). Of several origins (64500_64501, {64500,64501}) the first.
std::optional<std::uint32_t> parse_as_number(std::string_view text) {
  if (text.starts_with('{')) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("_}/"));
  if (text.size() > 2 && (text[0] == 'A' || text[0] == 'a') && (text[1] == 'S' || text[1] == 's'))
    text.remove_prefix(2);
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    const auto high = whole_number<std::uint16_t>(text.substr(0, dot));
    const auto low = whole_number<std::uint16_t>(text.substr(dot + 1));
    if (!high || !low) return std::nullopt;
    return (std::uint32_t{*high} << 16U) | *low;
  }
  return whole_number<std::uint32_t>(text);
}

// Of one line; an error is what is wrong with it.
struct Line {
  base::Prefix prefix;
  std::uint32_t as_number = 0;
};

base::Expected<Line> parse_line(std::string_view text) {
  std::string prefix_text(take_column(text));
  std::string_view column = take_column(text);
  // Three columns: the second is the prefix's length.
  if (prefix_text.find('/') == std::string::npos && whole_number<unsigned>(column)) {
    const std::string_view third = take_column(text);
    if (!third.empty()) {
      prefix_text += fmt::format("/{}", column);
      column = third;
    }
  }
  const auto prefix = base::Prefix::parse(prefix_text);
  if (!prefix)
    return base::fail("{}", with_remedy(prefix.error().text, "write 'prefix,asn', such as 192.0.2.0/24,64500"));
  if (column.empty()) return base::fail("no AS number behind {}; write 'prefix,asn'", cited(prefix_text));
  const auto as_number = parse_as_number(column);
  if (!as_number) {
    return base::fail("{} is no AS number; write one such as 64500 or AS64500", cited(std::string(column)));
  }
  return Line{*prefix, *as_number};
}

// What names columns, on the first line.
bool is_heading(std::string_view line) {
  const std::string_view first = take_column(line);
  return first.find_first_of(".:/") == std::string_view::npos && first.find_first_of("0123456789") != 0;
}

bool is_comment(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t\r");
  return begin == std::string_view::npos || line[begin] == '#' || line[begin] == ';' || line[begin] == '%';
}

std::uint32_t v4_key(const base::Address& address) {
  std::uint32_t key = 0;
  for (const std::byte byte : address.bytes()) key = (key << 8U) | std::to_integer<std::uint32_t>(byte);
  return key;
}

std::array<std::byte, 16> v6_key(const base::Address& address) {
  std::array<std::byte, 16> key{};
  std::ranges::copy(address.bytes(), key.begin());
  return key;
}

template <class Row, class Key>
const Row* find_row(const std::vector<Row>& rows, const Key& key) {
  const auto found = std::ranges::lower_bound(rows, key, {}, &Row::key);
  return found != rows.end() && found->key == key ? &*found : nullptr;
}

}  // namespace

void AsTable::add(const base::Prefix& prefix, std::uint32_t as_number) {
  ++size_;
  if (prefix.address().is_v4()) {
    v4_[prefix.length()].push_back({v4_key(prefix.address()), as_number});
  } else {
    v6_[prefix.length()].push_back({v6_key(prefix.address()), as_number});
  }
}

void AsTable::finish() {
  const auto sort = [](auto& lengths) {
    for (auto& rows : lengths) {
      std::ranges::stable_sort(rows, {}, [](const auto& row) { return row.key; });
      const auto is_same = [](const auto& a, const auto& b) { return a.key == b.key; };
      rows.erase(std::unique(rows.begin(), rows.end(), is_same), rows.end());
      rows.shrink_to_fit();
    }
  };
  sort(v4_);
  sort(v6_);
}

std::optional<std::uint32_t> AsTable::find(const base::Address& address) const {
  const auto search = [&](const auto& lengths, const auto& key_of) -> std::optional<std::uint32_t> {
    for (std::size_t length = lengths.size(); length-- > 0;) {
      if (lengths[length].empty()) continue;
      const base::Prefix prefix(address, static_cast<unsigned>(length));
      const auto* const row = find_row(lengths[length], key_of(prefix.address()));
      // 0 is nobody's (RFC 7607): the prefix is known not to be announced.
      if (row != nullptr) return row->as_number == 0 ? std::nullopt : std::optional(row->as_number);
    }
    return std::nullopt;
  };
  return address.is_v4() ? search(v4_, v4_key) : search(v6_, v6_key);
}

AsTable parse_as_table(std::istream& in, Faults& faults) {
  AsTable table;
  const Path root;
  std::string line;
  std::size_t bad = 0;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const Place place{static_cast<int>(std::min<std::size_t>(number, std::numeric_limits<int>::max())), 1};
    if (number > kMostLines || line.size() > kLongestLine) {
      faults.fault(place, root, "no table of prefixes: too long a line, or too many lines; is it the right file?");
      return table;
    }
    if (is_comment(line) || (number == 1 && is_heading(line))) continue;
    const auto read = parse_line(line);
    if (read) {
      table.add(read->prefix, read->as_number);
    } else if (++bad <= kMostFaults) {
      faults.fault(place, root, read.error().text);
    } else {
      faults.fault(place, root, "more of the kind from here on; mend those above first");
      break;
    }
  }
  table.finish();
  return table;
}

base::Expected<AsTable> read_as_table(const std::string& path, Faults& faults) {
  const auto failed = [](int error) {
    return base::fail("cannot read it: {}; check the path and its permissions",
                      std::error_code(error, std::generic_category()).message());
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return failed(EISDIR);
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    return base::fail("not a regular file; give the path of one");
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed(errno);
  return parse_as_table(in, faults);
}

}  // namespace blipd::config
