// Answers that go on: what a listener hears of /api/v1/events, for as long as he likes.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <utility>

#include "daemon/serve/http_session.hpp"
#include "daemon/serve/router.hpp"

namespace blipd::serve {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// Who takes it slowly may have so much wait for him, and one message more: or nobody could follow a country of
// thousands of networks.
constexpr std::size_t kMostHeard = 256 * 1024;
// Nothing of what a listener sends is of use; more than this is no listener.
constexpr std::size_t kMostSaid = 64 * 1024;
// A machine that vanished answers nothing: it is given up after so long (tcp(7)), where the kernel would take a
// quarter of an hour and the stream a place meanwhile. A comment goes out more often than that.
constexpr unsigned kVanishedMilliseconds = 30'000;

}  // namespace

// The head first, and then whatever there is to tell.
void HttpSession::open_stream() {
  const bool is_head_only = parser_->get().method() == http::verb::head;
  if (host_.is_stopping()) return send(plain_reply(503, "blipd is stopping"), is_head_only);
  if (!is_head_only && !host_.events().join(*this)) {
    return send(plain_reply(503, "too many listen to events; try again later"), false);
  }
  const Reply reply = Router::events_head();
  ++host_.stats().replies[reply.status];
  const unsigned version = parser_->get().version();
  framing_ = version >= 11 ? Framing::kChunked : Framing::kUntilClose;
  is_last_ = true;
  const auto web = host_.web();
  HeadOptions options;
  options.version = version;
  options.keep_alive = false;
  options.framing = framing_;
  options.is_secure = transport_.is_secure();
  options.headers = &web->headers;
  head_ = response_head(reply, options, base::SystemClock().read().wall);
  arm(host_.options().request_timeout);
  if (is_head_only) {
    state_ = State::kWriting;
    asio::async_write(transport_, asio::buffer(head_),
                      [self = shared_from_this()](error_code error, std::size_t n) { self->on_sent(error, n); });
    return;
  }
  state_ = State::kStreaming;
  ::setsockopt(transport_.socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kVanishedMilliseconds,
               sizeof(kVanishedMilliseconds));
  // Whoever loses us may try again after two seconds. He may have heard something already, on joining.
  heard_.insert(0, "retry: 2000\n\n");
  is_sending_ = true;
  asio::async_write(transport_, asio::buffer(head_), [self = shared_from_this()](error_code error, std::size_t) {
    if (self->state_ != State::kStreaming) return;
    self->is_sending_ = false;
    if (error) return self->close();
    self->send_what_was_heard();
  });
  buffer_.consume(buffer_.size());
  watch_listener();
}

// Who hangs up gives his place free at once, and not with the next message that cannot be sent.
void HttpSession::watch_listener() {
  transport_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, std::size_t n) {
    if (self->state_ != State::kStreaming) return;
    self->drained_bytes_ += n;
    if (error || self->drained_bytes_ > kMostSaid) return self->close();
    self->watch_listener();
  });
}

void HttpSession::hear(const std::shared_ptr<const std::string>& text) {
  if (heard_.size() > kMostHeard) {
    ++host_.stats().cut_off_streams;
    return abort();
  }
  heard_ += *text;
  if (state_ == State::kStreaming) send_what_was_heard();
}

void HttpSession::send_what_was_heard() {
  if (is_sending_) return;
  if (is_ending_) return send_end();
  if (heard_.empty()) {
    // Nothing is owed by anybody until there is more to tell.
    ++arming_;
    timer_.cancel();
    return;
  }
  is_sending_ = true;
  piece_ = std::exchange(heard_, {});
  int digits = 0;
  if (framing_ == Framing::kChunked) {
    digits = std::snprintf(chunk_size_.data(), chunk_size_.size(), "%zx\r\n", piece_.size());
  }
  const std::array<asio::const_buffer, 3> parts = {
      asio::buffer(chunk_size_.data(), static_cast<std::size_t>(digits)), asio::buffer(piece_),
      framing_ == Framing::kChunked ? asio::buffer("\r\n", 2) : asio::const_buffer()};
  arm(host_.options().request_timeout);
  asio::async_write(transport_, parts, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->state_ != State::kStreaming) return;
    self->is_sending_ = false;
    if (error) return self->close();
    self->send_what_was_heard();
  });
}

// After the message under way, and with a last chunk: so that it is an end and not a failure.
void HttpSession::on_end() {
  if (state_ != State::kStreaming || is_ending_) return;
  host_.events().leave(*this);
  is_ending_ = true;
  heard_.clear();
  send_what_was_heard();
}

void HttpSession::send_end() {
  if (framing_ != Framing::kChunked) return close();
  is_sending_ = true;
  arm(host_.options().request_timeout);
  asio::async_write(transport_, asio::buffer("0\r\n\r\n", 5), [self = shared_from_this()](error_code, std::size_t) {
    if (self->state_ == State::kStreaming) self->close();
  });
}

}  // namespace blipd::serve
