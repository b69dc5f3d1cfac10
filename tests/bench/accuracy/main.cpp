// ./dev bench accuracy: blipd's verdicts beside other detectors' on made-up days of known truth. Prints Markdown.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/accuracy/days.hpp"
#include "tests/bench/accuracy/detectors.hpp"
#include "tests/bench/accuracy/score.hpp"
#include "tests/bench/accuracy/table.hpp"

namespace blipd::accuracy {

namespace {

struct Options {
  std::size_t days = 400;
  std::size_t worlds = 40;
  std::uint64_t seed = 1;
  std::string only;
  std::string write;
  bool is_explained = false;
};

using Detector = std::function<Run(const World&, std::uint64_t seed)>;

// Worlds are independent, so each processor takes every n-th.
Score judge(const Options& options, const Layout& layout, const Detector& detector) {
  const std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::future<Score>> shares;
  for (std::size_t first = 0; first < threads; ++first) {
    shares.push_back(std::async(std::launch::async, [&, first] {
      Score score;
      for (std::size_t i = first; i < options.worlds; i += threads) {
        const World world = make_world(layout, i, options.worlds, options.days / options.worlds, options.seed);
        add(score, world, detector(world, options.seed + i));
      }
      return score;
    }));
  }
  Score score;
  for (std::future<Score>& share : shares) add(score, share.get());
  return score;
}

std::string describe(const Layout& layout) {
  return fmt::format("{} {} every {:.6g} s", layout.targets, layout.is_sparse ? "sparse hosts" : "hosts",
                     base::to_seconds(layout.interval));
}

constexpr base::Duration seconds(int count) { return std::chrono::seconds(count); }

// Close to 1,800 probes an hour, those out of turn included.
constexpr base::Duration kReferenceInterval = std::chrono::milliseconds(13700);

const std::vector<Layout> kLayouts = {{6, false, seconds(10)}, {6, false, kReferenceInterval}, {6, false, seconds(20)},
                                      {6, false, seconds(30)}, {6, false, seconds(60)},        {3, false, seconds(10)},
                                      {3, false, seconds(20)}, {20, false, seconds(30)},       {20, false, seconds(60)},
                                      {16, true, seconds(15)}, {16, true, seconds(30)}};
const Layout kReference{6, false, kReferenceInterval};
const Layout kSmall{3, false, seconds(10)};

class Report {
 public:
  explicit Report(const Options& options) : options_(options) {}

  void run(const std::string& detector, const Layout& layout, const std::string& asks, const Detector& detect) {
    if (!options_.only.empty() && (detector + ": " + asks).find(options_.only) == std::string::npos) return;
    fmt::print(stderr, "{}: {} …\n", detector, asks);
    entries_.push_back({detector, asks, judge(options_, layout, detect)});
    if (!options_.is_explained) return;
    for (const std::string& note : entries_.back().score.notes) fmt::print(stderr, "  {}\n", note);
  }
  const Score* find(const std::string& detector, const std::string& asks) const {
    for (const Entry& entry : entries_) {
      if (entry.detector == detector && entry.layout == asks) return &entry.score;
    }
    return nullptr;
  }
  std::string text() const {
    std::string text = table(entries_);
    if (const Score* score = find("blipd", describe(kReference))) {
      text += fmt::format("\nGoals with {}:\n\n{}", describe(kReference), goals_of_six(*score));
    }
    if (const Score* score = find("blipd", describe(kSmall))) {
      text += fmt::format("\nGoals with {}:\n\n{}", describe(kSmall), goals_of_three(*score));
    }
    for (const Entry& entry : entries_) {
      if (entry.detector != "blipd") continue;
      text += fmt::format("\nWhat was taken for what, {}:\n\n{}", entry.layout, confusion(entry));
    }
    return text;
  }

 private:
  const Options& options_;
  std::vector<Entry> entries_;
};

std::string measure(const Options& options) {
  Report report(options);
  for (const Layout& layout : kLayouts) report.run("blipd", layout, describe(layout), run_blipd);
  for (const auto& [targets, is_sparse] : {std::pair<std::size_t, bool>{6, false}, {16, true}}) {
    const Layout layout{targets, is_sparse, kReference.interval};
    const char* const hosts = is_sparse ? "sparse hosts" : "hosts";
    for (const int round : {660, 60, 20}) {
      report.run(
          "Trinocular", layout, fmt::format("{} {}, rounds of {} s", targets, hosts, round),
          [round](const World& world, std::uint64_t seed) { return run_trinocular(world, seconds(round), seed); });
    }
  }
  for (const int interval : {15, 60}) {
    const Layout layout{6, false, seconds(interval)};
    report.run("hand-written rule", layout, describe(layout),
               [interval](const World& world, std::uint64_t seed) { return run_rule(world, seconds(interval), seed); });
  }
  return report.text();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App program("Verdicts on made-up days of known truth, beside other detectors", "./dev bench accuracy");
  program.add_option("--days", options.days, "days in all, beside a day of warm-up for each world")
      ->check(CLI::Range(1, 100000));
  program.add_option("--worlds", options.worlds, "networks that share the days")->check(CLI::Range(1, 10000));
  program.add_option("--seed", options.seed, "of all chance");
  program.add_option("--only", options.only, "only rows whose \"detector: asks\" holds this text");
  program.add_option("--write", options.write, "a file to write the report to, too")->type_name("FILE");
  program.add_flag("--explain", options.is_explained, "say of each case what went wrong, on standard error");
  CLI11_PARSE(program, argc, argv);
  if (options.days % options.worlds != 0) {
    fmt::print(stderr, "--days must be a multiple of --worlds\n");
    return 2;
  }
  const std::string text = measure(options);
  fmt::print("{}", text);
  if (options.write.empty()) return 0;
  std::ofstream file(options.write, std::ios::trunc);
  file << text;
  return file.flush() ? 0 : 3;
}

}  // namespace blipd::accuracy

int main(int argc, char** argv) { return blipd::accuracy::main(argc, argv); }
