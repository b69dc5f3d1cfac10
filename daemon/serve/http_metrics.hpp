// The metric families of channels that ask by HTTP: a series for each, in pieces like those of all channels. Without
// such a channel there is nothing of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "daemon/pipeline/snapshot.hpp"
#include "daemon/serve/reply.hpp"
#include "daemon/serve/text_format.hpp"

namespace blipd::serve {

class HttpMetrics final : public BodySource {
 public:
  // `labels` must be those of the snapshot's plan.
  HttpMetrics(std::shared_ptr<const pipeline::Snapshot> snapshot, std::shared_ptr<const ChannelLabels> labels)
      : snapshot_(std::move(snapshot)), labels_(std::move(labels)) {}

  bool next(std::string& piece) override;

 private:
  std::shared_ptr<const pipeline::Snapshot> snapshot_;
  std::shared_ptr<const ChannelLabels> labels_;
  std::size_t family_ = 0;  // the next row to write is `row_` of this family
  std::size_t row_ = 0;
};

}  // namespace blipd::serve
