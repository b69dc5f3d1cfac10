#include "daemon/pipeline/row_batch.hpp"

#include <utility>

namespace blipd::pipeline {

void RowBatch::start(const base::Moment& now) {
  now_ = now;
  size_ = 0;
  bytes_ = 0;
}

RowBatch::Copy& RowBatch::next() {
  if (size_ == copies_.size()) copies_.emplace_back();
  return copies_[size_++];
}

void RowBatch::add_nothing() { next() = {}; }

void RowBatch::add(const measure::Channel& channel, const detect::ChannelVerdict& verdict,
                   std::shared_ptr<const HttpRow> http) {
  const auto wall = [this](const std::optional<base::MonoTime>& t) -> std::optional<base::WallTime> {
    if (!t) return std::nullopt;
    return now_.wall + (*t - now_.mono);
  };
  auto& [sums, windows] = next();
  sums.counters = channel.counters();
  sums.rtt_histogram = channel.histogram();
  sums.usual_answer_ratio = verdict.usual_answer_ratio;
  sums.has_vote = verdict.has_vote;
  sums.says = verdict.says;
  sums.is_as_usual = verdict.is_as_usual;
  sums.notice = verdict.notice;
  const measure::LastResult last = channel.last();
  sums.last_outcome = last.outcome;
  sums.last_rtt = last.rtt;
  sums.last_settled = wall(last.settled);
  sums.last_answered = wall(last.answered);
  sums.stamps = last.stamps;
  sums.http = std::move(http);
  channel.copy_windows(windows);
  bytes_ += windows.heap_bytes();
}

void RowBatch::finish(ChannelTable& table) {
  for (std::size_t i = 0; i < size_; ++i) {
    table.append(copies_[i].sums, copies_[i].windows.view(now_.mono));
  }
}

}  // namespace blipd::pipeline
