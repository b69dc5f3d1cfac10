// A sink that keeps what it is told, for tests of what lies between engine and pipeline.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::test {

struct Told final : probes::ResultSink {
  std::vector<std::string> lines;
  std::vector<probes::Result> results;
  std::vector<probes::Remark> remarks;

  void on_sent(probes::ChannelIndex channel, base::MonoTime at) override { note("sent", channel, at); }
  void on_result(const probes::Result& result, const probes::AnswerDetail*) override {
    note("result", result.channel, result.settled);
    results.push_back(result);
  }
  void on_remark(const probes::Remark& remark) override {
    note("remark", remark.channel, remark.at);
    remarks.push_back(remark);
  }

 private:
  void note(const char* what, probes::ChannelIndex channel, base::MonoTime at) {
    lines.push_back(fmt::format("{} {} {}", what, channel, at.time_since_epoch() / std::chrono::milliseconds(1)));
  }
};

}  // namespace blipd::test
