// How what is served is guarded: the file that `web.config_file` names, in the shape of Prometheus' web configuration
// file, read whole and checked, certificates included. It holds secrets (hashes of passwords; the key, within the TLS
// context): nothing of them goes into faults, warnings or dumps.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/file.hpp"
#include "config/load.hpp"
#include "config/reader.hpp"
#include "config/tls_context.hpp"

namespace blipd::config {

struct WebFile {
  std::optional<TlsContext> tls;                             // absent: plain HTTP
  std::vector<std::pair<std::string, std::string>> headers;  // of every answer, beside or instead of ours
  std::map<std::string, std::string> users;                  // name to bcrypt hash; empty: everybody is let in
  std::vector<FileStamp> sources;                            // what it was made from, stamped before it was read
};

struct LoadedWebFile {
  std::shared_ptr<const WebFile> file;  // null when there are faults
  std::vector<Fault> faults, warnings;
  std::vector<FileStamp> sources;  // of good and of faulty ones
};

// A file that cannot be read is a fault with line 0.
LoadedWebFile load_web_file(const std::string& path);

// The keys of `web:`; the faults of the file that it names go into a new element of `files`.
Web read_web(const Reader& top, const std::filesystem::path& folder, const std::string& listen, WebFiles web_files,
             std::deque<Faults>& files);

}  // namespace blipd::config
