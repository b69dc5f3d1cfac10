// Target files in the form of Prometheus' file_sd_configs: JSON or YAML, a list of groups of hosts with
// labels. The labels `country` and `network` say where the hosts belong and may name new ones; `probes`
// lists probe names with commas. Other labels are none of our business and are passed over.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "config/assembly.hpp"
#include "config/load.hpp"
#include "config/probe_book.hpp"
#include "config/reader.hpp"

namespace blipd::config {

// Reads what `targets_files` of the document names: paths and glob patterns, relative to `folder`. Each
// file's faults go into a new element of `files`, under the path that the file was read by. Says in `sources` what was
// read, each file as it was just before.
void read_target_files(const Reader& top, const std::filesystem::path& folder, ProbeBook& book, Assembly& assembly,
                       std::deque<Faults>& files, TargetSources& sources);

}  // namespace blipd::config
