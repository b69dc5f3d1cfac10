// Whole files as text, with a size limit and reasons a person can act on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "probes/base/error.hpp"

namespace blipd::config {

// The error has no file name in it: the caller knows where the name came from. Reads at most one byte
// more than kMaxFileBytes, which parse_tree then refuses.
base::Expected<std::string> read_file(const std::filesystem::path& file);

// For files that a running daemon reads again and again: no larger than a mebibyte, and never a pipe or a device that
// would keep it waiting.
base::Expected<std::string> read_small_file(const std::filesystem::path& file);

// What changes when a file does. Of a file that is not there, all is zero but the path.
struct FileStamp {
  std::string path;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0, changed = 0;  // nanoseconds
  bool is_for_everybody = false;           // readable by users other than its owner and group
  bool operator==(const FileStamp&) const = default;
};
FileStamp stamp_of(const std::string& path);

}  // namespace blipd::config
