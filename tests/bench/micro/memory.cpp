// What the pipeline's memory for a channel comes to once all four windows are full: an hour and a half of virtual time,
// one answer a second (or an interval), one in fifty lost; measured as what the process grew by.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "daemon/pipeline/pipeline.hpp"
#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;

double resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Fills a pipeline's windows in virtual time and says what a channel takes."};
  std::size_t channels = 5000;
  std::size_t minutes = 90;
  std::size_t interval = 1;
  app.add_option("--channels", channels)->check(CLI::Range(100, 1'000'000));
  app.add_option("--minutes", minutes)->check(CLI::Range(1, 600));
  app.add_option("--interval", interval, "seconds between two probes of a channel")->check(CLI::Range(1, 60));
  CLI11_PARSE(app, argc, argv);
  const auto plan = bench::plan_of(channels);
  const auto rtts = bench::round_trips(4099);
  const double before = resident_bytes();
  pipeline::Pipeline pipeline(plan, bench::moment(bench::kStart));
  base::MonoTime now = bench::kStart;
  for (std::size_t second = 0; second < minutes * 60; ++second, now += 1s) {
    for (std::size_t i = second % interval; i < channels; i += interval) {
      const auto channel = static_cast<probes::ChannelIndex>(i);
      const auto sequence = static_cast<probes::Sequence>(second / interval);
      auto result = bench::answered(channel, sequence, now, rtts[(i * 7 + second) % rtts.size()]);
      if ((i + second) % 50 == 0) {
        result.outcome = probes::Outcome::kLost;
        result.answer = probes::AnswerKind::kNone;
        result.rtt.reset();
        result.settled = now + 900ms;
      }
      pipeline.on_sent(channel, now);
      pipeline.on_result(result, nullptr);
    }
    pipeline.advance(bench::moment(now + 900ms));
    static_cast<void>(pipeline.take_urgent());
    static_cast<void>(pipeline.take_events());
    const std::size_t minute = (second + 1) / 60;
    if ((second + 1) % 60 == 0 && (minute == 1 || minute == 5 || minute == 15 || minute == minutes)) {
      std::printf("%3zu minutes: %.0f bytes a channel\n", minute,
                  (resident_bytes() - before) / static_cast<double>(channels));
      std::fflush(stdout);
    }
  }
  return 0;
}
