#include "tests/bench/accuracy/score.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace blipd::accuracy {

namespace {

using base::Duration;

// Later than this is worth a note.
constexpr Duration kLate = std::chrono::seconds(16);

std::string at(Duration time) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return fmt::format("day {} {:02}:{:02}:{:02}", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

template <class... Args>
void note(Score& score, const World& world, Duration when, fmt::format_string<Args...> text, Args&&... args) {
  score.notes.push_back(fmt::format("{:.0f} % answered, {}: {}", 100 * world.answer_ratio, at(when),
                                    fmt::format(text, std::forward<Args>(args)...)));
}

// Kept off by clocks that tick in seconds.
constexpr Duration kSlack = std::chrono::seconds(20);

bool overlap(const Truth& truth, const Found& found) {
  return found.earliest - kSlack < truth.end && found.latest + kSlack > truth.first;
}

Duration overlap_length(const Truth& truth, const Found& found) {
  return std::min(truth.end, found.end) - std::max(truth.start, found.start);
}

bool is_network_outage(const Found& found) {
  return found.scope == event::Scope::kNetwork && found.kind == event::Kind::kOutage;
}

bool is_scored(Duration start) { return start >= kWarmUp; }

Column column_of(const Found& found) {
  switch (found.kind) {
    case event::Kind::kOutage:
      if (found.scope == event::Scope::kTarget) return Column::kHost;
      return found.is_blip ? Column::kBlip : Column::kOutage;
    case event::Kind::kPartial:
      return Column::kPartial;
    case event::Kind::kInstability:
      return Column::kInstability;
    case event::Kind::kDegraded:
      return Column::kDegraded;
    case event::Kind::kVantageFault:
      break;
  }
  return Column::kVantage;
}

struct Expected {
  Row row;
  Column column;
};

Expected expected_of(const Truth& truth) {
  switch (truth.kind) {
    case TruthKind::kOutage:
      if (truth.length() < kBlipLimit) return {Row::kBlip, Column::kBlip};
      return {Row::kOutage, Column::kOutage};
    case TruthKind::kBeat:
      return {Row::kBeat, Column::kInstability};
    case TruthKind::kPartial:
      return {Row::kPartial, Column::kPartial};
    case TruthKind::kHost:
      return {Row::kHost, Column::kHost};
    case TruthKind::kCongestion:
      return {Row::kCongestion, Column::kDegraded};
    case TruthKind::kOurs:
      return {Row::kOurs, Column::kNothing};
    case TruthKind::kVantage:
      break;
  }
  return {Row::kVantage, Column::kVantage};
}

// The class that it was taken for: the right one if somebody said so at the time, else the gravest that was said.
Column class_given(const Truth& truth, Column expected, const Run& run) {
  Column gravest = Column::kNothing;
  const bool is_outage = truth.kind == TruthKind::kOutage;
  Duration longest = Duration::min();
  for (const Found& found : run.found) {
    if (!overlap(truth, found)) continue;
    const Column column = column_of(found);
    if (is_outage && is_network_outage(found)) {
      // Of the outage that it is for the most part.
      if (const Duration length = overlap_length(truth, found); length > longest) {
        longest = length;
        gravest = column;
      }
      continue;
    }
    if (is_outage && longest != Duration::min()) continue;
    if (column == expected) return column;
    const bool is_about_network = column != Column::kHost && column != Column::kVantage;
    if (is_about_network && !(is_outage && column == Column::kInstability)) gravest = std::max(gravest, column);
  }
  return gravest;
}

// What else there was at its beginning.
std::string troubles_about(const World& world, const Truth& truth) {
  std::string text = truth.first < truth.start ? ", staged" : "";
  for (const Truth& other : world.truths) {
    const bool is_meanwhile = other.start < truth.start + kSlack && other.end > truth.start - kSlack;
    if (&other == &truth || !is_meanwhile) continue;
    text += fmt::format(", {}", kRowNames[static_cast<std::size_t>(expected_of(other).row)]);
  }
  return text;
}

void add_outage(Score& score, const World& world, const Truth& truth, const Run& run) {
  std::vector<const Found*> pieces;
  for (const Found& found : run.found) {
    if (is_network_outage(found) && overlap(truth, found)) pieces.push_back(&found);
  }
  if (truth.is_obscured) {
    ++score.obscured.all;
    score.obscured.found += pieces.empty() ? 0 : 1;
    return;
  }
  std::size_t length = 0;
  while (length + 1 < kLengths.size() && truth.length() >= kLengths[length + 1]) ++length;
  ++score.found[length].all;
  if (pieces.empty()) {
    note(score, world, truth.start, "missed, {:.0f} s{}", base::to_seconds(truth.length()),
         troubles_about(world, truth));
    return;
  }
  ++score.found[length].found;
  const Found& best =
      **std::ranges::max_element(pieces, {}, [&](const Found* found) { return overlap_length(truth, *found); });
  const Duration declared =
      (*std::ranges::min_element(pieces, {}, [](const Found* f) { return f->declared; }))->declared;
  score.latency.push_back(base::to_seconds(declared - truth.start));
  if (declared - truth.start > kLate) {
    note(score, world, truth.start, "found after {:.1f} s{}", base::to_seconds(declared - truth.start),
         troubles_about(world, truth));
  }
  const Duration begun = std::clamp(best.start, truth.first, truth.start);
  score.start_error.push_back(std::abs(base::to_seconds(best.start - begun)));
  score.end_error.push_back(std::abs(base::to_seconds(best.end - truth.end)));
  score.duration_error.push_back(std::abs(base::to_seconds((best.end - best.start) - (truth.end - begun))));
  if (truth.length() < kBlipLimit) return;
  score.split += pieces.size() > 1 ? 1 : 0;
  const auto is_shared = [&](const Truth& other) {
    return &other != &truth && other.kind == TruthKind::kOutage && overlap(other, best);
  };
  score.merged += std::ranges::any_of(world.truths, is_shared) ? 1 : 0;
}

bool is_true(const Found& found, const World& world, TruthKind kind) {
  return std::ranges::any_of(world.truths,
                             [&](const Truth& truth) { return truth.kind == kind && overlap(truth, found); });
}

}  // namespace

double Score::right_class() const {
  std::size_t right = 0;
  std::size_t all = 0;
  const auto count = [&](Row row, Column column) {
    const auto& given = classes[static_cast<std::size_t>(row)];
    right += given[static_cast<std::size_t>(column)];
    for (const std::size_t n : given) all += n;
  };
  count(Row::kBlip, Column::kBlip);
  count(Row::kOutage, Column::kOutage);
  count(Row::kBeat, Column::kInstability);
  count(Row::kPartial, Column::kPartial);
  return all == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(right) / static_cast<double>(all);
}

void add(Score& score, const World& world, const Run& run) {
  ++score.worlds;
  score.days += base::to_seconds(world.scenario.length - kWarmUp) / 86400.0;
  score.hours += base::to_seconds(world.scenario.length) / 3600.0;
  score.probes += run.probes;
  score.control_probes += run.control_probes;
  for (const Truth& truth : world.truths) {
    if (!is_scored(truth.start)) continue;
    if (truth.kind == TruthKind::kOutage) add_outage(score, world, truth, run);
    if (truth.is_obscured) continue;
    const Expected expected = expected_of(truth);
    const Column given = class_given(truth, expected.column, run);
    ++score.classes[static_cast<std::size_t>(expected.row)][static_cast<std::size_t>(given)];
    if (given != expected.column) {
      note(score, world, truth.start, "{} of {:.0f} s taken for {}", kRowNames[static_cast<std::size_t>(expected.row)],
           base::to_seconds(truth.length()), kColumnNames[static_cast<std::size_t>(given)]);
    }
  }
  for (const Found& found : run.found) {
    if (!is_scored(found.start) || found.scope != event::Scope::kNetwork) continue;
    const bool is_outage = is_true(found, world, TruthKind::kOutage);
    if (found.kind == event::Kind::kOutage && !is_outage) {
      ++score.false_outages;
      std::string troubles;
      for (const Truth& truth : world.truths) {
        if (!overlap(truth, found)) continue;
        troubles += fmt::format(" {}", kRowNames[static_cast<std::size_t>(expected_of(truth).row)]);
      }
      note(score, world, found.start, "false, {:.0f} s, during{}", base::to_seconds(found.end - found.start),
           troubles.empty() ? " nothing" : troubles);
    }
    if (found.kind == event::Kind::kInstability && !is_outage) ++score.false_instabilities;
    const bool is_partial = is_outage || is_true(found, world, TruthKind::kPartial);
    if (found.kind == event::Kind::kPartial && !is_partial) ++score.false_partials;
  }
}

void add(Score& score, const Score& other) {
  const auto join = [](std::vector<double>& to, const std::vector<double>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  const auto sum = [](Score::Share& to, const Score::Share& from) {
    to.found += from.found;
    to.all += from.all;
  };
  score.notes.insert(score.notes.end(), other.notes.begin(), other.notes.end());
  score.worlds += other.worlds;
  score.days += other.days;
  score.hours += other.hours;
  score.false_outages += other.false_outages;
  score.false_instabilities += other.false_instabilities;
  score.false_partials += other.false_partials;
  for (std::size_t i = 0; i < score.found.size(); ++i) sum(score.found[i], other.found[i]);
  sum(score.obscured, other.obscured);
  join(score.latency, other.latency);
  join(score.start_error, other.start_error);
  join(score.end_error, other.end_error);
  join(score.duration_error, other.duration_error);
  score.merged += other.merged;
  score.split += other.split;
  for (std::size_t r = 0; r < score.classes.size(); ++r) {
    for (std::size_t c = 0; c < score.classes[r].size(); ++c) score.classes[r][c] += other.classes[r][c];
  }
  score.probes += other.probes;
  score.control_probes += other.control_probes;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto rank = static_cast<std::size_t>(std::lround(q * static_cast<double>(values.size() - 1)));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
  return values[rank];
}

}  // namespace blipd::accuracy
