#include "config/load.hpp"

#include "config/detect_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <limits>
#include <utility>

#include "config/as_table.hpp"
#include "config/assembly.hpp"
#include "config/file.hpp"
#include "config/names.hpp"
#include "config/probe_book.hpp"
#include "config/reader.hpp"
#include "config/target_files.hpp"
#include "config/web_file.hpp"

namespace blipd::config {

namespace {

constexpr double kMostProbesASecond = 10'000'000;

template <class T>
void take(std::optional<T> value, T& to) {
  if (value) to = std::move(*value);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name_problem(name.data())) return "vantage";
  return name.data();
}

// systemd names the folder of a unit's state, and with several the last one is the most particular (systemd.exec(5),
// StateDirectory=): so each of several daemons has a journal of its own without a word about it in its configuration.
void take_state_directory(Configuration& configuration) {
  const char* const given = std::getenv("STATE_DIRECTORY");
  if (given == nullptr) return;
  const std::string_view folders(given);
  const std::filesystem::path last(folders.substr(folders.rfind(':') + 1));
  if (last.is_absolute()) configuration.journal = last / "journal.db";
}

// A name that is present and good; a bad one is noted and reads as absent.
std::optional<std::string> read_name(const Reader& reader, std::string_view key = "name") {
  auto name = reader.text(key);
  if (!name) return std::nullopt;
  if (auto problem = name_problem(*name)) {
    reader.fault(key, std::move(*problem));
    return std::nullopt;
  }
  return name;
}

Budget read_budget(const Reader& top) {
  Budget budget;
  const Node* node = top.map("budget");
  if (!node) return budget;
  const Reader reader(*node, top.path().child("budget"), top.faults(), {keys::kBudget});
  take(reader.real("total_rate", 0, kMostProbesASecond), budget.total_rate);
  take(reader.real("prefix_rate", 0, kMostProbesASecond), budget.prefix_rate);
  const Node* list = reader.list("do_not_probe");
  if (!list) return budget;
  const Path path = reader.path().child("do_not_probe");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Path here = path.item(i);
    const auto text = read_text(list->items[i], here, top.faults());
    if (!text) continue;
    if (const auto prefix = base::Prefix::parse(*text)) {
      budget.do_not_probe.push_back(*prefix);
    } else {
      top.faults().fault(list->items[i].place, here,
                         with_remedy(prefix.error().text, "write a prefix such as 192.0.2.0/24"));
    }
  }
  return budget;
}

Engine read_engine(const Reader& top) {
  Engine engine;
  const Node* node = top.map("engine");
  if (!node) return engine;
  const Reader reader(*node, top.path().child("engine"), top.faults(), {keys::kEngine});
  take(reader.duration("late_window", base::Duration::zero(), std::chrono::minutes(5)), engine.late_window);
  take(reader.duration("max_lag", std::chrono::milliseconds(10), std::chrono::minutes(1)), engine.max_lag);
  take(reader.flag("ask_at_once"), engine.ask_at_once);
  take(reader.whole<std::uint32_t>("shards", 1, Engine::kMostShards), engine.shards);
  return engine;
}

std::optional<std::string> read_path(const Reader& top, std::string_view key) {
  auto path = top.text(key);
  if (path && path->empty()) {
    top.fault(key, "an empty path; give one or leave the key out");
    return std::nullopt;
  }
  return path;
}

// Who serves nothing needs no table either.
void read_as_table_of(const Reader& reader, const std::filesystem::path& folder, WebFiles web_files,
                      std::deque<Faults>& files, Evidence& evidence) {
  const auto written = read_path(reader, "as_table");
  if (!written) return;
  evidence.as_table = std::filesystem::absolute(folder / *written).lexically_normal().string();
  if (web_files == WebFiles::kLeave) return;
  Faults& faults = files.emplace_back((folder / *written).lexically_normal().string());
  auto table = read_as_table(evidence.as_table, faults);
  if (table) {
    evidence.table = std::make_shared<const AsTable>(std::move(*table));
  } else {
    reader.fault("as_table", fmt::format("{}: {}", faults.file(), table.error().text));
  }
}

Evidence read_evidence(const Reader& top, const std::filesystem::path& folder, WebFiles web_files,
                       std::deque<Faults>& files, Evidence evidence) {
  const Node* node = top.map("evidence");
  if (!node) return evidence;
  const Reader reader(*node, top.path().child("evidence"), top.faults(), {keys::kEvidence});
  read_as_table_of(reader, folder, web_files, files, evidence);
  take(reader.size("packets", 0, std::uint64_t{4} << 30U), evidence.packets_bytes);
  take(read_path(reader, "directory"), evidence.directory);
  if (evidence.directory == "none") evidence.directory.clear();
  take(reader.duration("keep", std::chrono::hours(1), std::chrono::hours(24 * 36500)), evidence.keep);
  take(reader.size("most", 1 << 20, std::uint64_t{1} << 50U), evidence.most_bytes);
  return evidence;
}

std::optional<std::string> read_level(const Reader& top) {
  constexpr auto kLevels = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
  const Node* node = top.map("log");
  if (!node) return std::nullopt;
  const Reader reader(*node, top.path().child("log"), top.faults(), {keys::kLog});
  const auto level = reader.choice<std::string_view>("level", kLevels);
  if (!level) return std::nullopt;
  return std::string(*level);
}

class DocumentReader {
 public:
  DocumentReader(const Reader& top, Budget budget)
      : top_(top), faults_(top.faults()), budget_(std::move(budget)), book_(top), assembly_(book_, budget_) {}

  void read(Configuration& configuration, const std::filesystem::path& folder, WebFiles web_files,
            std::deque<Faults>& files, TargetSources& sources) {
    configuration.budget = budget_;
    read_vantage(configuration);
    if (const Node* countries = top_.list("countries")) {
      const Path path = top_.path().child("countries");
      for (std::size_t i = 0; i < countries->items.size(); ++i) read_country(countries->items[i], path.item(i));
    }
    read_target_files(top_, folder, book_, assembly_, files, sources);
    assembly_.finish(configuration, faults_);
    if (!configuration.countries.empty()) book_.warn_of_unused(faults_);
    configuration.detect = read_detect(top_);
    configuration.engine = read_engine(top_);
    take(read_path(top_, "journal"), configuration.journal);
    if (configuration.journal == "none") configuration.journal.clear();
    // Beside the journal; who remembers nothing on disk keeps no files either, unless told where.
    configuration.evidence.directory.clear();
    if (const std::filesystem::path journal = configuration.journal; !journal.empty()) {
      configuration.evidence.directory = (journal.parent_path() / "evidence").string();
    }
    configuration.evidence = read_evidence(top_, folder, web_files, files, configuration.evidence);
    if (auto listen = top_.text("listen")) {
      if (auto problem = listen_problem(*listen)) top_.fault("listen", std::move(*problem));
      configuration.listen = std::move(*listen);
    }
    configuration.web = read_web(top_, folder, configuration.listen, web_files, files);
    take(top_.duration("retention", std::chrono::hours(1), std::chrono::hours(24 * 36500)), configuration.retention);
    take(read_path(top_, "record"), configuration.record);
    take(read_level(top_), configuration.log_level);
  }

 private:
  void read_vantage(Configuration& configuration) {
    if (const Node* node = top_.map("vantage")) {
      const Reader vantage(*node, top_.path().child("vantage"), faults_, {keys::kVantage});
      take(read_name(vantage), configuration.vantage_name);
      if (const Node* controls = vantage.list("controls")) {
        const Path path = vantage.path().child("controls");
        for (std::size_t i = 0; i < controls->items.size(); ++i) read_control(controls->items[i], path.item(i));
      }
    }
    if (configuration.vantage_name.empty()) configuration.vantage_name = host_name();
  }

  // A bare host, or a mapping. Absent when the host is at fault.
  std::optional<TargetDraft> read_bare_target(const Node& node, const Path& path) {
    if (auto problem = host_problem(node.text)) {
      faults_.fault(node.place, path, std::move(*problem));
      return std::nullopt;
    }
    return TargetDraft{node.text, node.text, {}, {}};
  }

  std::optional<TargetDraft> read_target_fields(const Reader& reader) {
    TargetDraft draft;
    draft.settings = read_settings(reader);
    draft.list = book_.read_list(reader, ProbeList::Level::kTarget);
    auto name = read_name(reader);
    auto host = reader.text("host");
    if (!reader.has("host")) faults_.fault(reader.place(), reader.path(), "no host; add an address or a domain name");
    if (!host) return std::nullopt;
    if (auto problem = host_problem(*host)) {
      reader.fault("host", std::move(*problem));
      return std::nullopt;
    }
    draft.name = name ? std::move(*name) : *host;
    draft.host = std::move(*host);
    return draft;
  }

  // What is neither a host nor a mapping that may hold one.
  bool is_target_like(const Node& node, const Path& path) {
    if (node.kind == Node::Kind::kScalar || node.kind == Node::Kind::kMap) return true;
    faults_.fault(node.place, path,
                  "neither a host nor a mapping; write '192.0.2.1' or '{name: web, host: 192.0.2.1}'");
    return false;
  }

  void read_control(const Node& node, const Path& path) {
    if (!is_target_like(node, path)) return;
    if (node.kind == Node::Kind::kScalar) {
      auto draft = read_bare_target(node, path);
      if (draft) assembly_.add_control(*draft, draft->name, "", node.place, path, faults_);
      return;
    }
    const Reader reader(node, path, faults_, {keys::kControl, keys::kSettings});
    auto network = read_name(reader, "network");
    auto draft = read_target_fields(reader);
    if (!draft) return;
    if (!network) network = draft->name;
    assembly_.add_control(*draft, std::move(*network), reader.text("upstream").value_or(""), name_place(reader), path,
                          faults_);
  }

  void read_target(const Node& node, const Path& path, NetworkDraft& network) {
    if (!is_target_like(node, path)) return;
    if (node.kind == Node::Kind::kScalar) {
      if (auto draft = read_bare_target(node, path)) assembly_.add_target(network, *draft, node.place, path, faults_);
      return;
    }
    const Reader reader(node, path, faults_, {keys::kTarget, keys::kSettings});
    auto draft = read_target_fields(reader);
    if (draft) assembly_.add_target(network, *draft, name_place(reader), path, faults_);
  }

  // Where a name that is taken stands: at the name itself, or at the host that stands in for it.
  static Place name_place(const Reader& reader) { return reader.place(reader.has("name") ? "name" : "host"); }

  void read_network(const Node& node, const Path& path, CountryDraft& country) {
    constexpr auto kAccess =
        std::to_array<std::pair<std::string_view, std::string_view>>({{"fixed", "fixed"}, {"mobile", "mobile"}});
    const Reader reader(node, path, faults_, {keys::kNetwork, keys::kSettings});
    if (node.kind != Node::Kind::kMap) return;
    Network network;
    network.name = "default";
    take(read_name(reader), network.name);
    network.asn = reader.whole<std::uint32_t>("asn", 1, std::numeric_limits<std::uint32_t>::max());
    if (const auto access = reader.choice<std::string_view>("access", kAccess)) network.access = *access;
    take(reader.text("upstream"), network.upstream);
    take(reader.real("weight", 1e-6, 1e6), network.weight);
    NetworkDraft& draft = assembly_.add_network(country, std::move(network), reader.place("name"), path, faults_);
    draft.settings = read_settings(reader);
    draft.list = book_.read_list(reader, ProbeList::Level::kNetwork);
    const Node* targets = reader.list("targets");
    draft.is_filled = reader.has("targets") && (!targets || !targets->items.empty());
    if (!targets) return;
    const Path here = reader.path().child("targets");
    for (std::size_t i = 0; i < targets->items.size(); ++i) read_target(targets->items[i], here.item(i), draft);
  }

  void read_country(const Node& node, const Path& path) {
    const Reader reader(node, path, faults_, {keys::kCountry});
    if (node.kind != Node::Kind::kMap) return;
    Country country;
    if (!reader.has("code")) {
      faults_.fault(node.place, path, "no code; add the two capital letters of ISO 3166-1, such as 'code: KP'");
    }
    if (auto code = reader.text("code")) {
      auto problem = country_code_problem(*code);
      if (problem) reader.fault("code", std::move(*problem));
      if (!problem) country.code = std::move(*code);
    }
    country.name = country.code;
    take(read_name(reader), country.name);
    CountryDraft& draft = assembly_.add_country(std::move(country), reader.place("code"), path, faults_);
    const Node* networks = reader.list("networks");
    draft.is_filled = reader.has("networks") && (!networks || !networks->items.empty());
    if (!networks) return;
    const Path here = reader.path().child("networks");
    for (std::size_t i = 0; i < networks->items.size(); ++i) read_network(networks->items[i], here.item(i), draft);
  }

  const Reader& top_;
  Faults& faults_;
  Budget budget_;
  ProbeBook book_;
  Assembly assembly_;
};

void read_document(const Node& tree, const std::filesystem::path& folder, WebFiles web_files, Loaded& loaded,
                   std::deque<Faults>& files) {
  const Path root;
  const Reader top(tree, root, files.front(), {keys::kTop});
  if (tree.kind != Node::Kind::kMap) return;
  DocumentReader document(top, read_budget(top));
  document.read(loaded.configuration, folder, web_files, files, loaded.targets);
}

}  // namespace

std::string Fault::to_string() const {
  const std::string place = line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file;
  return path.empty() ? fmt::format("{}: {}", place, what) : fmt::format("{}: {}: {}", place, path, what);
}

Loaded load_text(std::string_view yaml, std::string_view name, const LoadOptions& options) {
  Loaded loaded;
  take_state_directory(loaded.configuration);
  std::deque<Faults> files;
  files.emplace_back(std::string(name));
  const auto tree = parse_tree(yaml);
  if (!tree) {
    files.front().fault(tree.error().place, Path{}, tree.error().what);
  } else if (tree->kind == Node::Kind::kNull) {
    files.front().fault({1, 1}, Path{},
                        "nothing in it; the least is 'countries: [{code: XX, networks: [{targets: [192.0.2.1]}]}]'");
  } else {
    read_document(*tree, std::filesystem::path(name).parent_path(), options.web_files, loaded, files);
  }
  for (Faults& faults : files) faults.move_to(loaded);
  if (!loaded.targets.patterns.empty()) loaded.text = yaml;
  if (!loaded.faults.empty()) return loaded;
  const bool is_empty = loaded.configuration.countries.empty();
  keep_shard(loaded.configuration, options.shard);
  if (loaded.configuration.countries.empty() && !is_empty) {
    loaded.warnings.push_back(
        {std::string(name), 0, 0, "",
         fmt::format("no network falls to shard {}/{}, which has nobody to ask; have fewer shards", options.shard.index,
                     options.shard.count)});
  }
  return loaded;
}

Loaded load_file(const std::filesystem::path& file, const LoadOptions& options) {
  const auto text = read_file(file);
  if (text) return load_text(*text, file.string(), options);
  Loaded loaded;
  loaded.faults.push_back({file.string(), 0, 0, "", text.error().text});
  return loaded;
}

}  // namespace blipd::config
