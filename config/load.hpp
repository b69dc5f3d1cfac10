// From YAML text to a Configuration, or to every fault in it at once, each with its place.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/file.hpp"
#include "config/model.hpp"
#include "config/shard.hpp"
#include "probes/base/error.hpp"

namespace blipd::config {

// One fault. Prints as "file:line:column: path: what; what to do".
struct Fault {
  std::string file;
  int line = 0;      // from 1; 0: the file as a whole
  int column = 0;    // from 1
  std::string path;  // networks[0].targets[1].host; empty: the document
  std::string what;  // what is wrong, and what to do

  std::string to_string() const;
};

// Where the targets that stand in other files came from.
struct TargetSources {
  std::vector<std::string> patterns;  // what `targets_files` names, folder included
  std::vector<FileStamp> files;       // those that were read, as they were then

  // The files that `patterns` stand for now, in the same order: equal to `files` while nothing has changed.
  std::vector<FileStamp> look() const;
};

struct Loaded {
  Configuration configuration;  // meaningful only without faults
  std::vector<Fault> faults;    // in the order of their places
  std::vector<Fault> warnings;  // works, but probably not as meant (for example fewer than five controls)
  std::string text;             // the file as it was read, for one that names target files; else empty
  TargetSources targets;
};

// Whether what `web:` names is read too. Who serves nothing needs none of it, and may not be allowed to read it.
enum class WebFiles { kRead, kLeave };

struct LoadOptions {
  Shard shard{};  // the whole is checked, and this is taken of it
  WebFiles web_files = WebFiles::kRead;
};

// Reads the file, and the target files and the web configuration file that it names. A file that cannot be read is a
// fault with line 0.
Loaded load_file(const std::filesystem::path& file, const LoadOptions& options = {});

// `name` stands in messages; other files are taken relative to its folder.
Loaded load_text(std::string_view yaml, std::string_view name, const LoadOptions& options = {});

// The effective configuration as YAML that loads to the same value.
std::string dump(const Configuration& configuration);

}  // namespace blipd::config
