#include "tests/bench/accuracy/table.hpp"

#include <fmt/format.h>

#include <cmath>

namespace blipd::accuracy {

namespace {

std::string number(double value, const char* format) {
  return std::isnan(value) ? "–" : fmt::format(fmt::runtime(format), value);
}

std::string share(const Score::Share& share) {
  if (share.all == 0) return "–";
  const double ratio = 100.0 * static_cast<double>(share.found) / static_cast<double>(share.all);
  return share.found == share.all ? "100" : fmt::format("{:.1f}", std::min(ratio, 99.9));
}

std::string pair(const std::vector<double>& values) {
  return number(quantile(values, 0.5), "{:.1f}") + " / " + number(quantile(values, 0.95), "{:.1f}");
}

std::string goal(const std::string& what, const std::string& measured, bool is_reached) {
  return fmt::format("- {}: {} ({})\n", what, is_reached ? "reached" : "**not reached**", measured);
}

// All outages from the given length up.
Score::Share from(const Score& score, base::Duration length) {
  Score::Share sum;
  for (std::size_t i = 0; i < kLengths.size(); ++i) {
    if (kLengths[i] < length) continue;
    sum.found += score.found[i].found;
    sum.all += score.found[i].all;
  }
  return sum;
}

double a_day(std::size_t count, const Score& score) { return static_cast<double>(count) / score.days; }

}  // namespace

std::string table(const std::vector<Entry>& entries) {
  std::string text =
      "| detector | asks | probes/h | false/day | found % of 20–30 s | 30–60 s | 1–2 min | 2–5 min | 5–30 min | longer "
      "| latency s, p50 / p95 | start error s | end error s | duration error s | merged, split | right class % |\n"
      "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const Entry& entry : entries) {
    const Score& score = entry.score;
    text += fmt::format("| {} | {} | {:.0f} | {:.4f} |", entry.detector, entry.layout,
                        static_cast<double>(score.probes) / score.hours, a_day(score.false_outages, score));
    for (const Score::Share& of_length : score.found) text += fmt::format(" {} |", share(of_length));
    text += fmt::format(" {} | {} | {} | {} | {}, {} | {} |\n", pair(score.latency), pair(score.start_error),
                        pair(score.end_error), pair(score.duration_error), score.merged, score.split,
                        entry.detector == "blipd" ? number(100 * score.right_class(), "{:.1f}") : "–");
  }
  return text;
}

std::string confusion(const Entry& entry) {
  std::string text = "| what it was |";
  for (const char* name : kColumnNames) text += fmt::format(" {} |", name);
  text += "\n|---|";
  for (std::size_t i = 0; i < kColumnNames.size(); ++i) text += "---:|";
  text += "\n";
  for (std::size_t r = 0; r < kRowNames.size(); ++r) {
    text += fmt::format("| {} |", kRowNames[r]);
    for (const std::size_t count : entry.score.classes[r]) text += fmt::format(" {} |", count);
    text += "\n";
  }
  text += fmt::format(
      "\nBesides, instabilities where nothing fell: {}, partial outages where nobody was silent: {}. Of {} outages "
      "whose "
      "beginning or end lay in a vantage fault {} were found; they are in no other figure.\n",
      entry.score.false_instabilities, entry.score.false_partials, entry.score.obscured.all,
      entry.score.obscured.found);
  return text;
}

std::string goals_of_six(const Score& score) {
  const Score::Share minute = from(score, std::chrono::seconds(60));
  const double p50 = quantile(score.latency, 0.5);
  const double p95 = quantile(score.latency, 0.95);
  const double start = quantile(score.start_error, 0.5);
  const double duration = quantile(score.duration_error, 0.95);
  const double hourly = static_cast<double>(score.probes) / score.hours;
  return goal("at most 1,800 probes an hour", fmt::format("{:.0f}", hourly), hourly <= 1800) +
         goal("false outages at most 0.01 a network-day",
              fmt::format("{} in {:.0f} days", score.false_outages, score.days),
              a_day(score.false_outages, score) <= 0.01) +
         goal("every outage of 60 s and longer found", fmt::format("{} of {}", minute.found, minute.all),
              minute.found == minute.all) +
         goal("latency at most 12 s (p50) and 16 s (p95)", fmt::format("{:.1f} and {:.1f} s", p50, p95),
              p50 <= 12 && p95 <= 16) +
         goal("error of the start at most 3 s (p50)", fmt::format("{:.1f} s", start), start <= 3) +
         goal("error of the duration at most 15 s (p95)", fmt::format("{:.1f} s", duration), duration <= 15) +
         goal("99 % in the right class", fmt::format("{:.1f} %", 100 * score.right_class()),
              score.right_class() >= 0.99) +
         goal("none of 5 min or more merged or split", fmt::format("{} and {}", score.merged, score.split),
              score.merged + score.split == 0);
}

std::string goals_of_three(const Score& score) {
  const Score::Share long_ones = from(score, std::chrono::minutes(2));
  return goal("false outages at most 0.05 a network-day",
              fmt::format("{} in {:.0f} days", score.false_outages, score.days),
              a_day(score.false_outages, score) <= 0.05) +
         goal("every outage of 2 min and longer found", fmt::format("{} of {}", long_ones.found, long_ones.all),
              long_ones.found == long_ones.all);
}

}  // namespace blipd::accuracy
