#include "daemon/serve/metrics_body.hpp"

#include <utility>

#include "daemon/serve/daemon_metrics.hpp"

namespace blipd::serve {

MetricsBody::MetricsBody(const Published& published, const ServerStats& stats,
                         std::shared_ptr<const ChannelLabels> labels)
    : head_(daemon_metrics_text(published, stats)),
      channels_(published.snapshot, labels),
      http_(published.snapshot, std::move(labels)) {}

bool MetricsBody::next(std::string& piece) {
  if (head_sent_ < head_.size()) {
    piece.assign(head_, head_sent_, kPieceBytes);
    head_sent_ += piece.size();
    return true;
  }
  return channels_.next(piece) || http_.next(piece);
}

}  // namespace blipd::serve
