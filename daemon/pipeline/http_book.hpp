// What the last HTTP exchange of each channel that has such showed, and how all so far ended. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "config/plan.hpp"
#include "probes/http_facts.hpp"
#include "probes/result.hpp"

namespace blipd::pipeline {

// Immutable once handed out.
struct HttpRow {
  std::optional<probes::HttpFacts> last;  // of the last probe that was judged; absent: it was lost, or none was yet
  std::array<std::uint64_t, probes::kHttpEnds> ends{};
  std::optional<base::WallTime> certificate_ends;  // of the last that was seen
};

class HttpBook {
 public:
  // Rows of `changed` channels begin anew, or go.
  void adopt(const config::Plan& plan, const std::vector<config::ChannelIndex>& changed);

  // A result as it counts, of any channel.
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail);

  // Null where a channel does not ask by HTTP.
  std::shared_ptr<const HttpRow> find(config::ChannelIndex channel) const;

 private:
  std::unordered_map<config::ChannelIndex, std::shared_ptr<const HttpRow>> rows_;
};

}  // namespace blipd::pipeline
