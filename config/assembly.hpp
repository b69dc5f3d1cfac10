// Countries, networks and targets while they are being put together, from the file itself and from the
// target files that it names. Owns what must hold between them: no name twice where one must do, nobody
// left without a way of being asked, manners towards those who are asked.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/model.hpp"
#include "config/probe_book.hpp"
#include "config/reader.hpp"

namespace blipd::config {

// A place together with its file, which outlives it.
struct Where {
  const std::string* file = nullptr;
  Place place;
};

struct NetworkDraft {
  Network network;
  Settings settings;
  std::optional<ProbeList> list;
  Where where;
  std::string path;
  bool is_filled = false;  // targets were written, be they good or at fault, or a target file may bring some
  std::unordered_map<std::string, Where> targets;  // by name
};

struct CountryDraft {
  Country country;
  Where where;
  std::string path;
  bool is_filled = false;             // networks were written, or a target file brought some
  std::deque<NetworkDraft> networks;  // a deque: what points into it stays
  std::unordered_map<std::string, NetworkDraft*> by_name;
};

// How one target is written; the network's own settings come on top of it.
struct TargetDraft {
  std::string name;
  std::string host;
  Settings settings;
  std::optional<ProbeList> list;
};

class Assembly {
 public:
  Assembly(const ProbeBook& book, const Budget& budget) : book_(book), budget_(budget) {}

  // The draft to fill. A code or name that is taken is noted, and what follows goes into a draft that is
  // thrown away, so that its own faults still come to light.
  CountryDraft& add_country(Country country, Place place, const Path& path, Faults& faults);
  NetworkDraft& add_network(CountryDraft& country, Network network, Place place, const Path& path, Faults& faults);
  void add_target(NetworkDraft& network, const TargetDraft& draft, Place place, const Path& path, Faults& faults);
  void add_control(const TargetDraft& draft, std::string network, std::string upstream, Place place, const Path& path,
                   Faults& faults);

  // Null when there is none.
  CountryDraft* find_country(const std::string& code);

  // Notes what is missing as a whole, and hands over controls and countries.
  void finish(Configuration& configuration, Faults& faults);

 private:
  // Fills in how it is asked; a target that is only traced is at fault.
  void set_ways(Target& target, const Settings* network, const ProbeList* network_list, const TargetDraft& draft,
                Place place, const Path& path, Faults& faults);
  Ways shared(std::vector<probes::ProbeSpec> specs);
  void check_manners(const Target& target, Place place, const Path& path, Faults& faults);
  void count_rate(const Target& target);
  void check_rates(Faults& faults) const;
  void check_controls(Faults& faults) const;
  void check_filled(Faults& faults) const;

  const ProbeBook& book_;
  const Budget& budget_;
  std::deque<CountryDraft> countries_;
  std::deque<CountryDraft> discarded_;
  std::deque<NetworkDraft> discarded_networks_;
  std::unordered_map<std::string, CountryDraft*> by_code_;
  std::vector<Control> controls_;
  std::unordered_map<std::string, Where> control_names_;
  std::set<std::string> control_hosts_;
  std::unordered_map<std::string, std::vector<Ways>> ways_;  // each list once, by an outline of it
  std::set<std::string> warned_;                             // of what was said once already
  std::size_t target_count_ = 0;
  double total_rate_ = 0;
  std::map<base::Prefix, double> prefix_rates_;
};

}  // namespace blipd::config
