#include "daemon/simulate/load_expectation.hpp"

#include <array>

#include "probes/base/text.hpp"

namespace blipd::simulate {

namespace {

using std::string_view;

constexpr auto kKeys = std::to_array<string_view>({"why", "scope", "kind", "class", "shape", "network", "target",
                                                   "from", "until", "shortest", "longest", "declared_by", "ended_by",
                                                   "open", "isolated", "count", "least", "most"});
constexpr base::Duration kLongest = std::chrono::hours(24 * 3650);

// The names that events are printed with.
template <class E, std::size_t N>
std::optional<E> choice(const config::Reader& reader, string_view key, const std::array<const char*, N>& names) {
  std::array<std::pair<string_view, E>, N> choices;
  for (std::size_t i = 0; i < N; ++i) choices[i] = {names[i], static_cast<E>(i)};
  return reader.choice<E>(key, choices);
}

std::optional<base::WallTime> time(const config::Reader& reader, string_view key) {
  const auto text = reader.text(key);
  if (!text) return std::nullopt;
  const auto time = base::parse_time(*text);
  if (time) return *time;
  reader.fault(key, time.error().text);
  return std::nullopt;
}

}  // namespace

Expectation read_expectation(const config::Node& node, const config::Path& path, config::Faults& faults) {
  const config::Reader reader(node, path, faults, {kKeys});
  Expectation expectation;
  expectation.line = node.place.line;
  expectation.why = reader.text("why").value_or("");
  if (!reader.has("why")) reader.fault("why", "missing; say in words what is expected");
  expectation.scope = choice<event::Scope>(reader, "scope", event::kScopeNames);
  expectation.kind = choice<event::Kind>(reader, "kind", event::kKindNames);
  expectation.length = choice<event::Class>(reader, "class", event::kClassNames);
  expectation.shape = choice<event::Shape>(reader, "shape", event::kShapeNames);
  expectation.network = reader.text("network");
  expectation.target = reader.text("target");
  expectation.from = time(reader, "from");
  expectation.until = time(reader, "until");
  expectation.shortest = reader.duration("shortest", base::Duration::zero(), kLongest);
  expectation.longest = reader.duration("longest", base::Duration::zero(), kLongest);
  expectation.declared_by = time(reader, "declared_by");
  expectation.ended_by = time(reader, "ended_by");
  expectation.is_open = reader.flag("open");
  expectation.is_isolated = reader.flag("isolated");
  constexpr std::size_t kMost = 1000000;
  if (const auto count = reader.whole<std::size_t>("count", 0, kMost)) expectation.least = expectation.most = *count;
  if (reader.has("count") && (reader.has("least") || reader.has("most"))) {
    reader.fault("count", "says the same as least and most; give one or the other");
  }
  if (const auto most = reader.whole<std::size_t>("most", 0, kMost)) {
    expectation.most = *most;
    expectation.least = 0;
  }
  if (const auto least = reader.whole<std::size_t>("least", 0, kMost)) expectation.least = *least;
  return expectation;
}

}  // namespace blipd::simulate
