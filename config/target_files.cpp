#include "config/target_files.hpp"

#include <glob.h>

#include <algorithm>
#include <set>
#include <utility>

#include "config/file.hpp"
#include "config/names.hpp"

namespace blipd::config {

namespace {

bool is_pattern(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

// In the order of their names, so that two runs read the same.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

std::vector<std::string> paths_of(const std::string& path) {
  return is_pattern(path) ? expand(path) : std::vector<std::string>{path};
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto comma = text.find(',');
    std::string_view name = text.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return names;
}

class GroupReader {
 public:
  GroupReader(ProbeBook& book, Assembly& assembly, Faults& faults)
      : book_(book), assembly_(assembly), faults_(faults) {}

  void read(const Node& node, const Path& path) {
    const Reader group(node, path, faults_, {keys::kTargetGroup});
    if (node.kind != Node::Kind::kMap) return;
    const Node* targets = group.list("targets");
    if (!group.has("targets")) faults_.fault(node.place, path, "no targets; add 'targets:' with a list of hosts");
    const Node* labels = group.map("labels");
    if (!group.has("labels")) {
      faults_.fault(node.place, path, "no labels; add 'labels:' with a country and a network");
    }
    if (!targets || !labels) return;
    NetworkDraft* network = read_labels(*labels, group.path().child("labels"));
    const Path here = group.path().child("targets");
    for (std::size_t i = 0; i < targets->items.size(); ++i) {
      const Path item = here.item(i);
      const auto host = read_text(targets->items[i], item, faults_);
      if (!host) continue;
      if (auto problem = host_problem(*host)) {
        faults_.fault(targets->items[i].place, item, std::move(*problem));
      } else if (network) {
        assembly_.add_target(*network, {*host, *host, {}, list_}, targets->items[i].place, item, faults_);
      }
    }
  }

 private:
  // Null when the labels are at fault.
  NetworkDraft* read_labels(const Node& node, const Path& path) {
    std::vector<std::string_view> given;
    for (const Key& key : node.keys) given.push_back(key.text);
    const Reader labels(node, path, faults_, {keys::kLabels, given});
    for (const Key& key : node.keys) {
      const auto near = nearest(key.text, keys::kLabels);
      if (near && *near != key.text) {
        faults_.warn(key.place, path,
                     fmt::format("label {} means nothing here; did you mean '{}'?", cited(key.text), *near));
      }
    }
    for (const std::string_view required : {"country", "network"}) {
      if (labels.has(required)) continue;
      faults_.fault(node.place, path, fmt::format("no label '{}'; add it, it says where the targets belong", required));
    }
    if (const auto names = labels.text("probes")) {
      list_ = book_.list_of(split_names(*names), labels.place("probes"), labels.path().child("probes"), faults_);
      if (list_->uses.empty()) list_.reset();
    }
    const auto code = labels.text("country");
    const auto name = labels.text("network");
    if (!code || !name) return nullptr;
    if (auto problem = country_code_problem(*code)) {
      labels.fault("country", std::move(*problem));
      return nullptr;
    }
    if (auto problem = name_problem(*name)) {
      labels.fault("network", std::move(*problem));
      return nullptr;
    }
    NetworkDraft& network = find_network(*code, *name, labels);
    network.is_filled = true;  // such a file may well be empty for a while
    return &network;
  }

  NetworkDraft& find_network(const std::string& code, const std::string& name, const Reader& labels) {
    CountryDraft* country = assembly_.find_country(code);
    if (!country) {
      country = &assembly_.add_country({code, code, {}}, labels.place("country"), labels.path(), faults_);
    }
    country->is_filled = true;
    const auto known = country->by_name.find(name);
    if (known != country->by_name.end()) return *known->second;
    Network network;
    network.name = name;
    return assembly_.add_network(*country, std::move(network), labels.place("network"), labels.path(), faults_);
  }

  ProbeBook& book_;
  Assembly& assembly_;
  Faults& faults_;
  std::optional<ProbeList> list_;
};

void read_target_file(const std::string& text, ProbeBook& book, Assembly& assembly, Faults& faults) {
  const Path root;
  const auto tree = parse_tree(text);
  if (!tree) {
    faults.fault(tree.error().place, root, tree.error().what);
    return;
  }
  if (tree->kind != Node::Kind::kSequence) {
    faults.fault({1, 1}, root, "not a list of groups; write [{targets: [HOST], labels: {country: XX, network: NAME}}]");
    return;
  }
  for (std::size_t i = 0; i < tree->items.size(); ++i) {
    GroupReader(book, assembly, faults).read(tree->items[i], root.item(i));
  }
}

}  // namespace

std::vector<FileStamp> TargetSources::look() const {
  std::vector<FileStamp> found;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    for (const std::string& path : paths_of(pattern)) {
      if (seen.insert(path).second) found.push_back(stamp_of(path));
    }
  }
  return found;
}

void read_target_files(const Reader& top, const std::filesystem::path& folder, ProbeBook& book, Assembly& assembly,
                       std::deque<Faults>& files, TargetSources& sources) {
  const Node* list = top.list("targets_files");
  if (!list) return;
  const Path path = top.path().child("targets_files");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Path item = path.item(i);
    const Place place = list->items[i].place;
    const auto written = read_text(list->items[i], item, top.faults());
    if (!written) continue;
    const std::string full = (folder / *written).lexically_normal().string();
    sources.patterns.push_back(full);
    const auto paths = paths_of(full);
    if (paths.empty())
      top.faults().warn(place, item, fmt::format("no file matches {}; check the pattern", cited(*written)));
    for (const std::string& file : paths) {
      if (!seen.insert(file).second) continue;
      sources.files.push_back(stamp_of(file));
      if (const auto text = read_file(file)) {
        read_target_file(*text, book, assembly, files.emplace_back(file));
      } else {
        top.faults().fault(place, item, fmt::format("{}: {}", file, text.error().text));
      }
    }
  }
}

}  // namespace blipd::config
