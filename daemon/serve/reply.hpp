// An answer to one request, without a word about sockets: a status, a few header fields, and a body that is
// either there whole or made piece by piece while it is sent.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace blipd::serve {

// A body that is too large to be held whole. Single-threaded; lives as long as its answer is being sent, and
// keeps alive what it reads from.
class BodySource {
 public:
  // Sources end a piece soon after this many bytes.
  static constexpr std::size_t kPieceBytes = 48 * 1024;
  // What a piece never exceeds while labels have sensible lengths: buffers are reserved for it.
  static constexpr std::size_t kMaxPieceBytes = 64 * 1024;

  virtual ~BodySource() = default;
  // Puts the next piece in place of what `piece` holds. False when there is none any more.
  virtual bool next(std::string& piece) = 0;
};

inline constexpr unsigned kNotModified = 304;

struct Reply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string allow;             // the Allow field of a 405; otherwise empty
  std::string challenge;         // the WWW-Authenticate field of a 401; otherwise empty
  std::string cache_control;     // in place of "no-store"; otherwise empty
  std::string etag;              // tells this content from others at its path, quotes and all; empty: none is given
  std::string content_encoding;  // of `body`; empty: none. encode() sets it
  bool is_compressible = false;
  std::string_view compressed;  // the body as gzip, where it is there for good; otherwise empty
  std::string body;
  std::unique_ptr<BodySource> stream;  // takes the place of `body`
};

// A status with a line of text.
Reply plain_reply(unsigned status, std::string text);

// The reason phrase of the statuses that we give (RFC 9110, section 15).
const char* reason_phrase(unsigned status);

}  // namespace blipd::serve
