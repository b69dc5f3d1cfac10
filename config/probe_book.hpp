// The named probes of a file, and how a list such as `probes: [ping, {use: web, port: 443}]` becomes
// complete ways of asking. Owns the order in which the levels cover each other: built-in values, then
// `defaults`, the named probe, the network, the target; a use that changes settings counts just above
// the level whose list it stands in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "config/settings.hpp"
#include "probes/spec.hpp"

namespace blipd::config {

// A mention of a named probe in some list, with what it changes for this mention.
struct ProbeUse {
  std::string probe;
  std::string name;  // of the channel; the probe's own unless renamed
  Settings settings;
};

// A list of probes, and the level that gave it.
struct ProbeList {
  enum class Level : std::uint8_t { kDefaults, kNetwork, kTarget };
  Level level = Level::kDefaults;
  std::vector<ProbeUse> uses;
};

class ProbeBook {
 public:
  // Reads `defaults` and `probes` of the document.
  explicit ProbeBook(const Reader& top);

  // The list under `probes` of this level; none when there is no such key. Faults are noted, and whatever
  // is at fault is left out.
  std::optional<ProbeList> read_list(const Reader& reader, ProbeList::Level level);
  // The same from names alone, as a label gives them.
  ProbeList list_of(const std::vector<std::string>& names, Place place, const Path& path, Faults& faults);

  // All ways of asking one target. Any of the three may be null, `list` for the default one.
  std::vector<probes::ProbeSpec> specs(const Settings* network, const Settings* target, const ProbeList* list) const;

  // Warns of named probes that nobody mentioned.
  void warn_of_unused(Faults& faults) const;

 private:
  struct Named {
    std::optional<ProbeType> type;  // absent: at fault, and noted
    Settings settings;
    Place place;
    bool is_used = false;
  };

  void read_named(const Reader& top);
  void read_probe(Named& probe, const Node& node, const Path& path, Faults& faults);
  // Null, and noted, when there is none.
  Named* find(const std::string& name, Place place, const Path& path, Faults& faults);
  std::optional<ProbeUse> read_use(const Node& node, const Path& path, Faults& faults);
  std::optional<ProbeUse> read_changed_use(const Node& node, const Path& path, Faults& faults);

  Settings defaults_;
  ProbeList default_list_;
  std::map<std::string, Named, std::less<>> named_;
};

}  // namespace blipd::config
