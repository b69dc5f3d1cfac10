// Puts metric families together for the serialiser of prometheus-cpp. Internal to the metrics of this floor.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/serve/text_format.hpp"

namespace blipd::serve {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

inline double or_nan(const std::optional<double>& value) { return value.value_or(kNan); }

inline ClientMetric::Label label(std::string name, std::string_view value) {
  return {std::move(name), replace_invalid_utf8(value)};
}

// Puts families together: begin one, then its series.
class Families {
 public:
  void begin(MetricType type, std::string name, std::string help) {
    families_.push_back(MetricFamily{std::move(name), std::move(help), type, {}});
  }

  ClientMetric& add(Labels labels) {
    auto& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  void put(Labels labels, double value) {
    ClientMetric& metric = add(std::move(labels));
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  void gauge(std::string name, std::string help, double value) {
    begin(MetricType::Gauge, std::move(name), std::move(help));
    put({}, value);
  }

  void counter(std::string name, std::string help, std::uint64_t value) {
    begin(MetricType::Counter, std::move(name), std::move(help));
    put({}, static_cast<double>(value));
  }

  // One series for each value that the enum may have: 1 for the one that it has, 0 for the others.
  template <class Names, class State>
  void states(const Labels& labels, const char* key, const Names& names, State state) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      Labels all = labels;
      all.push_back(label(key, names[i]));
      put(std::move(all), static_cast<std::size_t>(state) == i ? 1 : 0);
    }
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

}  // namespace blipd::serve
