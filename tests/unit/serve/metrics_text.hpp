// Reads Prometheus text format for the tests, strictly: a family that is not contiguous, or that lacks its HELP or
// TYPE, is an exception.
#pragma once

#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace blipd::serve::sample {

struct Family {
  std::string type;
  std::string help;
  std::vector<std::string> series;  // as written, without the value
};

struct Metrics {
  std::map<std::string, Family> families;
  std::map<std::string, std::string> values;  // by series as written: name{labels}

  const std::string& at(const std::string& series) const {
    const auto found = values.find(series);
    if (found == values.end()) throw std::runtime_error("no series " + series);
    return found->second;
  }
};

inline bool belongs(const std::string& name, const std::string& family, const std::string& type) {
  if (name == family) return true;
  if (type != "histogram") return false;
  return name == family + "_bucket" || name == family + "_sum" || name == family + "_count";
}

inline Metrics read_metrics(const std::string& text) {
  Metrics metrics;
  std::istringstream lines(text);
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, keyword, name;
    if (line.starts_with("#")) {
      words >> hash >> keyword >> name;
      const std::string rest = line.substr(line.find(name) + name.size() + 1);
      if (keyword == "HELP") {
        if (metrics.families.contains(name)) throw std::runtime_error("a second HELP: " + line);
        current = name;
        metrics.families[name].help = rest;
      } else {
        if (name != current || !metrics.families[name].type.empty()) throw std::runtime_error("a stray TYPE: " + line);
        metrics.families[name].type = rest;
      }
      continue;
    }
    const std::size_t space = line.rfind(' ');
    const std::string series = line.substr(0, space);
    Family& family = metrics.families.at(current);
    if (!belongs(series.substr(0, series.find('{')), current, family.type)) {
      throw std::runtime_error(std::string("out of its family ").append(current).append(": ").append(line));
    }
    family.series.push_back(series);
    if (!metrics.values.emplace(series, line.substr(space + 1)).second) throw std::runtime_error("twice: " + series);
  }
  return metrics;
}

}  // namespace blipd::serve::sample
