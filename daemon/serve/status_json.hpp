// The body of /api/v1/status: everything that the daemon believes, as one JSON object, written in pieces. Its shape
// is documented in docs/metrics.md; keys are added, never renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"

namespace blipd::serve {

class StatusBody final : public BodySource {
 public:
  // `published` has a snapshot.
  explicit StatusBody(std::shared_ptr<const Published> published);

  bool next(std::string& piece) override;

 private:
  enum class Part : std::uint8_t { kHead, kCountry, kNetwork, kTarget, kEndNetwork, kEndCountry, kControls, kEnd };
  struct Step {
    Part part;
    std::uint32_t index;
  };
  void plan_network(std::uint32_t network);
  void write(const Step& step, std::string& piece);

  std::shared_ptr<const Published> published_;
  std::vector<Step> steps_;  // what is to be written, in order
  std::size_t done_ = 0;
  bool needs_comma_ = false;  // before the next element of the innermost list
};

}  // namespace blipd::serve
