// `tls_server_config` of the web configuration file: Go's words for versions, ciphers and curves in, a context of
// OpenSSL out, and every fault at its place.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "config/file.hpp"
#include "config/reader.hpp"
#include "config/tls_context.hpp"

namespace blipd::config {

// The files that it names are taken relative to `folder`, and stamped into `sources` before they are read. Absent when
// something is at fault.
std::optional<TlsContext> read_tls(const Node& node, const Path& path, const std::filesystem::path& folder,
                                   Faults& faults, std::vector<FileStamp>& sources);

}  // namespace blipd::config
