// Whole files as text, with a size limit and reasons a person can act on.
#pragma once

#include <filesystem>
#include <string>

#include "probes/base/error.hpp"

namespace blipd::config {

// The error has no file name in it: the caller knows where the name came from. Reads at most one byte
// more than kMaxFileBytes, which parse_tree then refuses.
base::Expected<std::string> read_file(const std::filesystem::path& file);

}  // namespace blipd::config
