#include "daemon/recorded/row_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace blipd::recorded {

namespace {

constexpr std::size_t kPiece = 512 << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

}  // namespace

RowReader::RowReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(kPiece + RowReader::kLongestLine + JsonRows::kPadding) {}

// Whether there is more.
base::Expected<bool> RowReader::fill() {
  if (is_over_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const auto taken = source_->read(std::span(buffer_).subspan(end_, buffer_.size() - JsonRows::kPadding - end_));
  if (!taken) return tl::unexpected<base::Error>(taken.error());
  end_ += *taken;
  is_over_ = *taken == 0;
  return !is_over_;
}

base::Expected<std::optional<std::string_view>> RowReader::next_line() {
  std::size_t looked = 0;
  while (true) {
    const char* const from = buffer_.data() + begin_;
    const auto* const found = static_cast<const char*>(std::memchr(from + looked, '\n', end_ - begin_ - looked));
    if (found != nullptr || (is_over_ && begin_ < end_)) {
      const std::size_t length = found != nullptr ? static_cast<std::size_t>(found - from) : end_ - begin_;
      begin_ += length + (found != nullptr ? 1 : 0);
      ++line_;
      std::string_view line(from, length);
      if (line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
      if (line.ends_with('\r')) line.remove_suffix(1);
      return line;
    }
    looked = end_ - begin_;
    if (looked > kLongestLine) {
      ++line_;
      return base::fail("longer than {} bytes; this is no file of recorded results", kLongestLine);
    }
    const auto is_more = fill();
    if (!is_more) return tl::unexpected<base::Error>(is_more.error());
    if (!*is_more && begin_ == end_) return std::nullopt;
  }
}

base::Expected<void> RowReader::begin(std::string_view line) {
  is_begun_ = true;
  const char first = line[line.find_first_not_of(" \t")];
  if (first == '{') return {};
  if (first == '[') return base::fail("a JSON list; write its objects one a line");
  auto csv = CsvRows::from(line);
  if (!csv) return tl::unexpected<base::Error>(csv.error());
  csv_ = std::move(*csv);
  return {};
}

RowReader::Next RowReader::next(Row& row) {
  const auto refuse = [this](base::Error error, Next next) {
    fault_ = std::move(error);
    return next;
  };
  while (true) {
    const auto line = next_line();
    if (!line) return refuse(line.error(), Next::kBroken);
    if (!*line) return Next::kEnd;
    if (is_blank(**line)) continue;
    if (!is_begun_) {
      if (auto begun = begin(**line); !begun) return refuse(begun.error(), Next::kBroken);
      if (csv_) continue;
    }
    const auto read = csv_ ? csv_->read(**line, row) : json_.read(**line, row);
    return read ? Next::kRow : refuse(read.error(), Next::kFault);
  }
}

}  // namespace blipd::recorded
