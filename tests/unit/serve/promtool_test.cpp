#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/serve/metrics_body.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;

namespace {

constexpr const char* kPromtool = "/usr/bin/promtool";

// What `promtool check metrics` says about a text; empty when it has nothing to say.
std::string complaints(const std::string& text) {
  const test::Folder folder;
  const std::string out = folder.file("out");
  const std::string command =
      std::string(kPromtool) + " check metrics < " + folder.write("in", text) + " > " + out + " 2>&1";
  const int status = std::system(command.c_str());
  std::ifstream read(out);
  std::string said((std::istreambuf_iterator<char>(read)), std::istreambuf_iterator<char>());
  if (status != 0 && said.empty()) said = "exit " + std::to_string(WEXITSTATUS(status));
  return said;
}

std::string render(const Published& published) {
  MetricsBody body(published, ServerStats{}, std::make_shared<const ChannelLabels>(published.snapshot->plan));
  return sample::text_of(body);
}

}  // namespace

TEST_CASE("promtool has nothing to say about our metrics", "[promtool]") {
  if (!std::filesystem::exists(kPromtool)) {
    WARN("skipped: " << kPromtool << " is not installed (package prometheus)");
    return;
  }
  sample::Draft busy = sample::empty_snapshot(sample::small_plan());
  for (auto& row : busy.channels) {
    row.counters.sent = 5;
    row.rtt_histogram = {.counts = {1, 2, 3, 4}, .sum_seconds = 5.5};
    for (auto& window : row.windows) window.samples = window.round_trips = 3;
  }
  CHECK(complaints(render(*sample::small())) == "");
  const auto many = sample::publish(std::move(busy));
  CHECK(complaints(render(*many)) == "");
  CHECK(complaints(render(*sample::publish(sample::empty_snapshot(config::Plan{})))) == "");
}

TEST_CASE("promtool would say so if our metrics were not well-formed", "[promtool]") {
  if (!std::filesystem::exists(kPromtool)) {
    WARN("skipped: " << kPromtool << " is not installed (package prometheus)");
    return;
  }
  CHECK(complaints("# HELP a_total a\n# TYPE a_total gauge\na_total 1\n") != "");
}
