// What reading 30 days of minutes back costs, from a file of some networks and their channels.
#include "daemon/journal/history.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using std::chrono::minutes;

constexpr int kMinutes = 30 * 24 * 60;
constexpr base::WallTime kFrom(std::chrono::seconds(1'419'206'400));

// 20 channels of one network, every minute.
class File {
 public:
  File() : path_(std::filesystem::temp_directory_path() / ("blipd-bench-" + std::to_string(::getpid()) + ".db")) {
    std::filesystem::remove(path_);
    journal::Store store(path_);
    const auto plan = bench::plan_of(20);
    const auto rtts = bench::round_trips(4099);
    for (int minute = 0; minute < kMinutes; ++minute) {
      if (minute % 1000 == 0) store.begin();
      pipeline::Minutes row;
      row.start = kFrom + minutes(minute);
      row.plan = plan;
      for (std::size_t i = 0; i < plan->channels.size(); ++i) {
        const auto rtt = static_cast<float>(base::to_seconds(rtts[(i * 37 + static_cast<std::size_t>(minute)) % 4099]));
        row.channels.push_back({static_cast<probes::ChannelIndex>(i), 12, 0, 0, 0,
                                pipeline::MinuteRtt{rtt, rtt * 1.01F, rtt * 1.02F, rtt * 1.05F, rtt * 1.1F, rtt * 1.2F,
                                                    rtt * 1.5F, rtt * 1.06F}});
      }
      row.networks.push_back({0, detect::NetworkState::kNormal, false, 0, 0, 1.0F, 1.0F, {240, 0, 0.05F}});
      store.write(row);
      if (minute % 1000 == 999 || minute == kMinutes - 1) store.commit();
    }
  }
  ~File() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::string& path() {
  static const File file;
  static const std::string path = file.path();
  return path;
}

const journal::Bins kBins = journal::bins_for(kFrom, kFrom + minutes(kMinutes), 300);

// Opened anew each time, as it is for each answer.
void states_of_30_days(benchmark::State& state) {
  path();
  while (state.KeepRunning()) {
    journal::History history(path());
    benchmark::DoNotOptimize(history.states("XX/net0", kBins));
  }
}
BENCHMARK(states_of_30_days)->Unit(benchmark::kMillisecond);

void channel_of_30_days(benchmark::State& state) {
  path();
  const std::string place = bench::plan_of(20)->channel_name(7);
  while (state.KeepRunning()) {
    journal::History history(path());
    benchmark::DoNotOptimize(history.channel(place, kBins));
  }
}
BENCHMARK(channel_of_30_days)->Unit(benchmark::kMillisecond);

}  // namespace
