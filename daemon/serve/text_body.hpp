// A body that is there whole, handed out in pieces: a large answer is neither copied behind its head nor sent in one
// breath.
#pragma once

#include <string>
#include <utility>

#include "daemon/serve/reply.hpp"

namespace blipd::serve {

class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}

  bool next(std::string& piece) override {
    piece.assign(text_, done_, kPieceBytes);
    done_ += piece.size();
    return !piece.empty();
  }

 private:
  std::string text_;
  std::size_t done_ = 0;
};

}  // namespace blipd::serve
