// Which path means what. Knows requests and replies, and no socket; what it shows it is given.
#pragma once

#include <memory>
#include <string_view>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"
#include "daemon/serve/server_stats.hpp"
#include "daemon/serve/text_format.hpp"

namespace blipd::serve {

inline constexpr const char* kEventsContentType = "text/event-stream";

class Router {
 public:
  // `stats` must outlive this.
  explicit Router(const ServerStats& stats) : stats_(stats) {}

  // Whether answering needs a Published.
  static bool needs_value(std::string_view method, std::string_view target);

  // Of those: whether it takes what is known of channels, rather than of networks and countries alone.
  static bool needs_channels(std::string_view target);

  // Of those: whether answering takes reading from the journal, which is for the reading thread: see read().
  static bool needs_reading(std::string_view target);

  // Answers those, on any thread.
  static Reply read(std::string_view target, const Published& value);

  // GET or HEAD of /api/v1/events, whose answer goes on after events_head().
  static bool is_stream(std::string_view method, std::string_view target);

  static Reply events_head();

  // POST /-/reload, which is not for this class to answer.
  static bool is_reload(std::string_view method, std::string_view target);

  // `target` is the request target, in origin or absolute form (RFC 9112, 3.2); a query means something to
  // some paths only. `value` may be null, when there is none or none is needed; otherwise it has a snapshot. Slow where
  // needs_reading() says so.
  Reply answer(std::string_view method, std::string_view target, const std::shared_ptr<const Published>& value);

 private:
  const ServerStats& stats_;
  std::shared_ptr<const ChannelLabels> labels_;  // of the plan seen last
};

}  // namespace blipd::serve
