// The metric families that have a series for each channel or target, which may be millions: written straight
// from a snapshot in pieces, so that a scrape never holds more than one piece. Families are contiguous, with
// one HELP and one TYPE line each, also when no channel is configured.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "daemon/pipeline/snapshot.hpp"
#include "daemon/serve/reply.hpp"
#include "daemon/serve/series_writer.hpp"
#include "daemon/serve/text_format.hpp"

namespace blipd::serve {

// What the lines of a histogram need from row to row: channels mostly have the same bounds.
struct BucketLines {
  void use(const std::vector<double>& wanted);

  std::vector<double> bounds;
  std::vector<std::string> tails;    // of the lines' labels, by bound
  measure::HistogramView histogram;  // of the row
};

class ChannelMetrics final : public BodySource {
 public:
  // `labels` must be those of the snapshot's plan.
  ChannelMetrics(std::shared_ptr<const pipeline::Snapshot> snapshot, std::shared_ptr<const ChannelLabels> labels);

  bool next(std::string& piece) override;

 private:
  void begin_family(SeriesWriter& out);
  void write_row(SeriesWriter& out);
  std::size_t rows() const;

  std::shared_ptr<const pipeline::Snapshot> snapshot_;
  std::shared_ptr<const ChannelLabels> labels_;
  std::size_t family_ = 0;  // the next row to write is `row_` of this family
  std::size_t row_ = 0;
  bool is_begun_ = false;  // the family's HELP and TYPE are written
  std::string name_;       // of the family, with a brace
  std::string row_labels_;
  BucketLines buckets_;
};

}  // namespace blipd::serve
