// All of /metrics as one body: first the daemon's, countries' and networks' families, then those of channels.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "daemon/serve/channel_metrics.hpp"
#include "daemon/serve/http_metrics.hpp"
#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"
#include "daemon/serve/server_stats.hpp"
#include "daemon/serve/text_format.hpp"

namespace blipd::serve {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

class MetricsBody final : public BodySource {
 public:
  // `published` has a snapshot, and `labels` are those of its plan.
  MetricsBody(const Published& published, const ServerStats& stats, std::shared_ptr<const ChannelLabels> labels);

  bool next(std::string& piece) override;

 private:
  std::string head_;
  std::size_t head_sent_ = 0;
  ChannelMetrics channels_;
  HttpMetrics http_;
};

}  // namespace blipd::serve
