// Whole files as text, with a size limit and reasons a person can act on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "probes/base/error.hpp"

namespace blipd::config {

// Tells one state of a file from another, without reading it. All zero but the path: there is no such file.
struct FileStamp {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970

  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path);

// The error has no file name in it: the caller knows where the name came from. Reads at most one byte
// more than kMaxFileBytes, which parse_tree then refuses.
base::Expected<std::string> read_file(const std::filesystem::path& file);

}  // namespace blipd::config
