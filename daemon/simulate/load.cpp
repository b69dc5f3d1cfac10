#include "daemon/simulate/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "config/reader.hpp"
#include "config/tree.hpp"
#include "daemon/simulate/load_behaviour.hpp"
#include "daemon/simulate/load_expectation.hpp"
#include "probes/base/text.hpp"

namespace blipd::simulate {

namespace {

using config::Faults;
using config::Node;
using config::Path;
using config::Reader;
using std::string_view;

constexpr auto kTop =
    std::to_array<string_view>({"country", "name", "seed", "repeat", "start", "length", "ask", "synthetic", "defaults",
                                "networks", "controls", "zones", "timeline", "expect"});
constexpr auto kAsk = std::to_array<string_view>({"interval", "control_interval", "timeout"});
constexpr auto kRandom = std::to_array<string_view>({"per_day", "shortest", "longest"});
constexpr auto kNetwork = std::to_array<string_view>({"name", "prefixes", "default", "upstream", "targets"});
constexpr auto kTarget = std::to_array<string_view>({"name", "host"});
constexpr auto kControl = std::to_array<string_view>({"name", "host", "network", "upstream"});
constexpr auto kZone = std::to_array<string_view>({"origin", "records"});
constexpr auto kEntry =
    std::to_array<string_view>({"at", "for", "until", "random", "every", "times", "networks", "targets", "all",
                                "vantage", "effect", "ratio", "delay", "code", "from"});

constexpr auto kPresences = std::to_array<std::pair<string_view, bool>>({{"answer", true}, {"silent", false}});
constexpr auto kEffects = std::to_array<std::pair<string_view, EffectKind>>({
    {"cut", EffectKind::kCut},
    {"unreachable", EffectKind::kUnreachable},
    {"loss", EffectKind::kLoss},
    {"delay", EffectKind::kDelay},
});

// Long enough for any history worth replaying, short enough that sums of a few never overflow.
constexpr base::Duration kLongest = std::chrono::hours(24 * 3650);
constexpr std::uint32_t kMaxTimes = 10000;

class Loader {
 public:
  explicit Loader(Faults& faults) : faults_(faults) {}

  Scenario load(const Node& root) {
    const Path top;
    const Reader reader(root, top, faults_, {kTop});
    scenario_.file = faults_.file();
    scenario_.code = reader.text("country").value_or("");
    scenario_.name = reader.text("name").value_or(scenario_.code);
    scenario_.seed = reader.whole<std::uint64_t>("seed", 0, UINT64_MAX).value_or(1);
    scenario_.repeat =
        reader.duration("repeat", std::chrono::milliseconds(1), kLongest).value_or(base::Duration::zero());
    load_times(reader);
    scenario_.synthetic = reader.text("synthetic").value_or("");
    if (const Node* node = reader.map("defaults")) {
      const Path here = top.child("defaults");
      const Reader defaults(*node, here, faults_, {behaviour_keys()});
      read_behaviour(defaults, behaviour_, services_);
    }
    each(reader, "networks", [this](const Node& node, const Path& path) { load_network(node, path); });
    each(reader, "controls", [this](const Node& node, const Path& path) { load_control(node, path); });
    each(reader, "zones", [this](const Node& node, const Path& path) { load_zone(node, path); });
    each(reader, "timeline", [this](const Node& node, const Path& path) { load_entry(node, path); });
    each(reader, "expect", [this](const Node& node, const Path& path) {
      scenario_.expectations.push_back(read_expectation(node, path, faults_));
    });
    if (scenario_.networks.empty() && faults_.is_empty()) {
      faults_.fault(reader.place(), top, "nobody answers; list at least one of networks or controls");
    }
    return std::move(scenario_);
  }

 private:
  void load_times(const Reader& reader) {
    if (const auto text = reader.text("start")) {
      if (const auto time = base::parse_time(*text)) {
        scenario_.start = *time;
      } else {
        reader.fault("start", time.error().text);
      }
    }
    const auto least = std::chrono::seconds(1);
    scenario_.length = reader.duration("length", least, kLongest).value_or(scenario_.length);
    const Node* node = reader.map("ask");
    if (node == nullptr) return;
    const Path here = reader.path().child("ask");
    const Reader ask(*node, here, faults_, {kAsk});
    Pace& pace = scenario_.pace;
    pace.interval = ask.duration("interval", least, std::chrono::hours(1)).value_or(pace.interval);
    pace.control_interval =
        ask.duration("control_interval", least, std::chrono::hours(1)).value_or(pace.control_interval);
    pace.timeout =
        ask.duration("timeout", std::chrono::milliseconds(1), std::chrono::minutes(1)).value_or(pace.timeout);
  }

  // A time since the start, or, where the scenario has one, a time of day.
  std::optional<base::Duration> read_moment(const Reader& reader, string_view key) {
    const auto text = reader.text(key);
    const bool is_date = text && text->size() > 10 && (*text)[4] == '-';
    if (!is_date) return reader.duration(key, base::Duration::zero(), kLongest);
    const auto time = base::parse_time(*text);
    if (!time) {
      reader.fault(key, time.error().text);
    } else if (!scenario_.start) {
      reader.fault(key, "is a date, but the scenario has no 'start'; give one, or a time since the start such as 90s");
    } else if (*time < *scenario_.start || *time - *scenario_.start > kLongest) {
      reader.fault(key, "lies before the scenario's start, or ten years behind it; correct one of them");
    } else {
      return *time - *scenario_.start;
    }
    return std::nullopt;
  }

  template <class Load>
  void each(const Reader& reader, string_view key, const Load& load_one) {
    const Node* list = reader.list(key);
    if (list == nullptr) return;
    const Path here = reader.path().child(key);
    for (std::size_t i = 0; i < list->items.size(); ++i) load_one(list->items[i], here.item(i));
  }

  std::string read_name(const Reader& reader) {
    const auto name = reader.text("name");
    if (!name && !reader.has("name")) reader.fault("name", "missing; give it a name");
    if (name && (name->empty() || name->find('/') != std::string::npos)) {
      reader.fault("name", fmt::format("{} cannot be a name; it is empty or has a slash", config::cited(*name)));
    }
    return name.value_or("");
  }

  void add_target(const Reader& reader, Network& network) {
    Target target;
    target.name = read_name(reader);
    target.behaviour = network.behaviour;
    target.services = network.services;
    read_behaviour(reader, target.behaviour, target.services);
    if (!reader.has("host")) reader.fault("host", "missing; give the target's address");
    const auto address = read_address(reader, "host");
    if (!address) return;
    target.address = *address;
    const auto [first, is_new] = owners_.emplace(*address, network.name + "/" + target.name);
    if (!is_new) reader.fault("host", fmt::format("belongs to {} already; use another address", first->second));
    if (std::ranges::find(network.targets, target.name, &Target::name) != network.targets.end()) {
      reader.fault("name", fmt::format("{} is taken in this network; use another", config::cited(target.name)));
    }
    network.targets.push_back(std::move(target));
  }

  void load_network(const Node& node, const Path& path) {
    const Reader reader(node, path, faults_, {kNetwork, behaviour_keys()});
    Network network;
    network.name = read_name(reader);
    if (find_network(network.name)) {
      reader.fault("name", fmt::format("{} is taken by another network; use another", config::cited(network.name)));
    }
    network.behaviour = behaviour_;
    network.services = services_;
    read_behaviour(reader, network.behaviour, network.services);
    for (const std::string& word : reader.texts("prefixes").value_or(std::vector<std::string>{})) {
      if (const auto prefix = base::Prefix::parse(word)) {
        network.prefixes.push_back(*prefix);
      } else {
        reader.fault("prefixes", prefix.error().text);
      }
    }
    network.upstream = reader.text("upstream").value_or("");
    network.answers_by_default = reader.choice<bool>("default", kPresences).value_or(false);
    each(reader, "targets", [&](const Node& item, const Path& place) {
      const Reader target(item, place, faults_, {kTarget, behaviour_keys()});
      add_target(target, network);
    });
    if (network.prefixes.empty() && network.targets.empty() && !reader.has("prefixes") && !reader.has("targets")) {
      faults_.fault(reader.place(), path, "holds no address; give it prefixes or targets");
    }
    scenario_.networks.push_back(std::move(network));
  }

  void load_control(const Node& node, const Path& path) {
    const Reader reader(node, path, faults_, {kControl, behaviour_keys()});
    const std::string name = reader.text("network").value_or(reader.text("name").value_or(""));
    auto index = find_network(name);
    if (index && !scenario_.networks[*index].is_control) {
      reader.fault("network", fmt::format("{} is a network of the country; controls sit outside", config::cited(name)));
      return;
    }
    if (!index) {
      Network network;
      network.name = name;
      network.upstream = reader.text("upstream").value_or("");
      network.is_control = true;
      network.behaviour = behaviour_;
      network.services = services_;
      index = scenario_.networks.size();
      scenario_.networks.push_back(std::move(network));
    }
    add_target(reader, scenario_.networks[*index]);
  }

  void load_zone(const Node& node, const Path& path) {
    const Reader reader(node, path, faults_, {kZone});
    Zone zone;
    zone.origin = reader.text("origin").value_or("");
    if (!reader.has("origin")) reader.fault("origin", "missing; give the zone's name");
    each(reader, "records", [&](const Node& item, const Path& place) {
      if (auto text = config::read_text(item, place, faults_)) {
        zone.records.push_back({std::move(*text), item.place.line});
      }
    });
    scenario_.zones.push_back(std::move(zone));
  }

  std::optional<std::size_t> find_network(string_view name) const {
    const auto found = std::ranges::find(scenario_.networks, name, &Network::name);
    if (found == scenario_.networks.end()) return std::nullopt;
    return static_cast<std::size_t>(found - scenario_.networks.begin());
  }

  void load_entry(const Node& node, const Path& path);
  void read_scope(const Reader& reader, TimelineEntry& entry);
  void read_effect(const Reader& reader, Effect& effect);
  void place_entry(const Reader& reader, TimelineEntry entry);
  void place_random(const Reader& reader, const Node& node, TimelineEntry entry);

  Faults& faults_;
  Scenario scenario_;
  Behaviour behaviour_;
  Services services_;
  std::unordered_map<base::Address, std::string> owners_;
};

void Loader::read_scope(const Reader& reader, TimelineEntry& entry) {
  const bool all = reader.flag("all").value_or(false);
  const bool vantage = reader.flag("vantage").value_or(false);
  const int scopes =
      int{reader.has("networks")} + int{reader.has("targets")} + int{reader.has("all")} + int{reader.has("vantage")};
  if (scopes != 1) {
    faults_.fault(reader.place(), reader.path(), "give exactly one of networks, targets, all and vantage");
  }
  entry.scope = vantage ? Scope::kVantage : all ? Scope::kAll : Scope::kNetworks;
  for (const std::string& name : reader.texts("networks").value_or(std::vector<std::string>{})) {
    if (const auto network = find_network(name)) {
      entry.networks.push_back(*network);
    } else {
      reader.fault("networks", fmt::format("there is no network {}; list names from above", config::cited(name)));
    }
  }
  if (!reader.has("targets")) return;
  entry.scope = Scope::kTargets;
  for (const std::string& name : reader.texts("targets").value_or(std::vector<std::string>{})) {
    const auto slash = name.find('/');
    const auto network = find_network(name.substr(0, slash));
    std::optional<std::size_t> target;
    if (network && slash != std::string::npos) {
      const auto& targets = scenario_.networks[*network].targets;
      const auto found = std::ranges::find(targets, name.substr(slash + 1), &Target::name);
      if (found != targets.end()) target = static_cast<std::size_t>(found - targets.begin());
    }
    if (target) {
      entry.targets.push_back({*network, *target});
    } else {
      reader.fault("targets", fmt::format("there is no target {}; write network/target", config::cited(name)));
    }
  }
}

void Loader::read_effect(const Reader& reader, Effect& effect) {
  if (!reader.has("effect")) reader.fault("effect", "missing; give one of cut, unreachable, loss, delay");
  const auto kind = reader.choice<EffectKind>("effect", kEffects);
  if (!kind) return;
  effect.kind = *kind;
  const auto only_with = [&](string_view key, std::initializer_list<EffectKind> kinds) {
    const bool fits = std::ranges::find(kinds, *kind) != kinds.end();
    if (!fits && reader.has(key)) reader.fault(key, "means nothing to this effect; leave it out");
  };
  only_with("ratio", {EffectKind::kLoss, EffectKind::kUnreachable});
  only_with("delay", {EffectKind::kDelay});
  only_with("code", {EffectKind::kUnreachable});
  only_with("from", {EffectKind::kUnreachable});
  switch (*kind) {
    case EffectKind::kCut:
      break;
    case EffectKind::kUnreachable:
      effect.unreachable = read_unreachable(reader);
      break;
    case EffectKind::kLoss:
      effect.ratio = reader.real("ratio", 0.0, 1.0).value_or(0.0);
      if (!reader.has("ratio")) reader.fault("ratio", "missing; say which share is lost, from 0 to 1");
      break;
    case EffectKind::kDelay:
      effect.delay = reader.duration("delay", base::Duration::zero(), std::chrono::hours(1)).value_or(effect.delay);
      if (!reader.has("delay")) reader.fault("delay", "missing; say how much longer answers take");
      break;
  }
}

void Loader::place_random(const Reader& reader, const Node& node, TimelineEntry entry) {
  for (const string_view key : {string_view("for"), string_view("every"), string_view("times")}) {
    if (reader.has(key)) reader.fault(key, "does not go with 'random', which says how often and how long");
  }
  const Path here = reader.path().child("random");
  const Reader random(node, here, faults_, {kRandom});
  RandomEntry made;
  made.per_day = random.real("per_day", 1e-6, 1e5).value_or(1.0);
  if (!random.has("per_day")) random.fault("per_day", "missing; say how often a day it happens");
  made.shortest = random.duration("shortest", std::chrono::milliseconds(1), kLongest).value_or(std::chrono::seconds(1));
  made.longest = random.duration("longest", std::chrono::milliseconds(1), kLongest).value_or(made.shortest);
  if (made.longest < made.shortest) random.fault("longest", "is shorter than 'shortest'; exchange them");
  made.entry = std::move(entry);
  scenario_.random.push_back(std::move(made));
}

void Loader::place_entry(const Reader& reader, TimelineEntry entry) {
  if (reader.has("until")) {
    if (const auto until = read_moment(reader, "until")) entry.until = *until;
    if (reader.has("for")) reader.fault("for", "says the same as 'until'; give one of them");
    if (entry.until <= entry.at) reader.fault("until", "is not after 'at'; correct one of them");
  }
  if (const Node* node = reader.map("random")) return place_random(reader, *node, std::move(entry));
  const auto length = reader.duration("for", std::chrono::nanoseconds(1), kLongest);
  const auto every = reader.duration("every", std::chrono::nanoseconds(1), kLongest);
  const auto times = reader.whole<std::uint32_t>("times", 1, kMaxTimes);
  if (reader.has("every") != reader.has("times")) {
    faults_.fault(reader.place(), reader.path(), "every and times belong together; give both or neither");
    return;
  }
  if (every && (!length || *every < *length)) {
    reader.fault("every", "each turn must end before the next; make it at least as long as 'for'");
    return;
  }
  for (std::uint32_t turn = 0; turn < times.value_or(1); ++turn) {
    if (length) entry.until = entry.at + *length;
    const bool has_end = length || reader.has("until");
    const bool is_past = scenario_.repeat > base::Duration::zero() &&
                         (entry.at >= scenario_.repeat || (has_end && entry.until > scenario_.repeat));
    if (entry.at > kLongest) {
      reader.fault("times", "goes on for more than ten years; give fewer");
      return;
    }
    if (is_past) {
      reader.fault("at", "reaches beyond 'repeat'; end it before the timeline starts anew");
      return;
    }
    scenario_.timeline.push_back(entry);
    if (every) entry.at += *every;
  }
}

void Loader::load_entry(const Node& node, const Path& path) {
  const Reader reader(node, path, faults_, {kEntry});
  TimelineEntry entry;
  if (!reader.has("at")) reader.fault("at", "missing; say when it begins");
  entry.at = read_moment(reader, "at").value_or(base::Duration::zero());
  read_scope(reader, entry);
  read_effect(reader, entry.effect);
  place_entry(reader, std::move(entry));
}

}  // namespace

LoadedScenario load_scenario(std::string_view yaml, std::string_view name) {
  Faults faults{std::string(name)};
  LoadedScenario loaded;
  const auto tree = config::parse_tree(yaml);
  if (!tree) {
    faults.fault(tree.error().place, Path{}, tree.error().what);
  } else {
    loaded.scenario = Loader(faults).load(*tree);
  }
  config::Loaded sorted;
  faults.move_to(sorted);
  loaded.faults = std::move(sorted.faults);
  return loaded;
}

LoadedScenario load_scenario_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || std::filesystem::is_directory(file)) {
    LoadedScenario loaded;
    loaded.faults.push_back({file.string(), 0, 0, "", "cannot be read; check the path and its permissions"});
    return loaded;
  }
  return load_scenario(text.str(), file.string());
}

}  // namespace blipd::simulate
