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
  auto& [row, windows] = next();
  row.counters = channel.counters();
  row.rtt_histogram = channel.histogram();
  row.usual_answer_ratio = verdict.usual_answer_ratio;
  row.has_vote = verdict.has_vote;
  row.says = verdict.says;
  row.is_as_usual = verdict.is_as_usual;
  row.notice = verdict.notice;
  const measure::LastResult last = channel.last();
  row.last_outcome = last.outcome;
  row.last_rtt = last.rtt;
  row.last_settled = wall(last.settled);
  row.last_answered = wall(last.answered);
  row.stamps = last.stamps;
  row.http = std::move(http);
  channel.copy_windows(windows);
  bytes_ += windows.heap_bytes();
}

void RowBatch::finish(ChannelTable& table) {
  for (std::size_t i = 0; i < size_; ++i) {
    ChannelRow& row = copies_[i].row;
    row.windows = copies_[i].windows.view(now_.mono);
    table.append(row);
  }
}

}  // namespace blipd::pipeline
