// The body of /api/v1/targets: who is asked, in which ways, and how it went last, as one flat list written in pieces.
// docs/api.md has its shape; keys are added, never renamed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"

namespace blipd::serve {

class TargetsBody final : public BodySource {
 public:
  // `published` has a snapshot.
  explicit TargetsBody(std::shared_ptr<const Published> published) : published_(std::move(published)) {}

  bool next(std::string& piece) override;

 private:
  std::shared_ptr<const Published> published_;
  std::size_t next_ = 0;  // TargetIndex
  bool is_begun_ = false;
  bool is_ended_ = false;
  bool needs_comma_ = false;
};

}  // namespace blipd::serve
