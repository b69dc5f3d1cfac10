// A file's content from its beginning to its end, unpacked where it is gzip or Zstandard. What it is shows in its first
// bytes, whatever its name.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "probes/base/error.hpp"

namespace blipd::recorded {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills at least a part of `to`, which is not empty; zero: the end. The fault says what to do.
  virtual base::Expected<std::size_t> read(std::span<char> to) = 0;
  // How much of the whole was read, in 0–1; 0 where its size is unknown.
  virtual double share() const = 0;
};

// A text in memory, for whoever has one.
std::unique_ptr<ByteSource> text_source(std::string text);

// "-" is standard input. The fault says what was tried and what to do.
base::Expected<std::unique_ptr<ByteSource>> open_source(const std::string& path);

// What `packed` gives once it is unpacked; itself where nothing is to be unpacked.
base::Expected<std::unique_ptr<ByteSource>> unpacked(std::unique_ptr<ByteSource> packed);

}  // namespace blipd::recorded
