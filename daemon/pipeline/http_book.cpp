#include "daemon/pipeline/http_book.hpp"

#include <cstddef>
#include <utility>
#include <variant>

namespace blipd::pipeline {

void HttpBook::adopt(const config::Plan& plan, const std::vector<config::ChannelIndex>& changed) {
  for (const config::ChannelIndex i : changed) {
    const config::PlannedChannel& channel = plan.channels[i];
    if (channel.is_active && std::holds_alternative<probes::HttpSpec>(channel.spec().ask)) {
      rows_[i] = std::make_shared<const HttpRow>();
    } else {
      rows_.erase(i);
    }
  }
}

void HttpBook::on_result(const probes::Result& result, const probes::AnswerDetail* detail) {
  // Most have none, and pay next to nothing for it.
  if (rows_.empty() || result.outcome == probes::Outcome::kAborted) return;
  const auto found = rows_.find(result.channel);
  if (found == rows_.end()) return;
  const auto row = std::make_shared<HttpRow>();
  row->ends = found->second->ends;
  row->certificate_ends = found->second->certificate_ends;
  if (detail != nullptr && detail->http) {
    row->last = detail->http;
    ++row->ends[static_cast<std::size_t>(row->last->end)];
    if (row->last->certificate) row->certificate_ends = row->last->certificate->not_after;
  }
  found->second = row;
}

std::shared_ptr<const HttpRow> HttpBook::find(config::ChannelIndex channel) const {
  if (rows_.empty()) return nullptr;
  const auto found = rows_.find(channel);
  return found == rows_.end() ? nullptr : found->second;
}

}  // namespace blipd::pipeline
