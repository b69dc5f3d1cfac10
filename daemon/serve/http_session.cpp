#include "daemon/serve/http_session.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "daemon/serve/encoding.hpp"
#include "daemon/serve/known_answers.hpp"
#include "daemon/serve/router.hpp"

namespace blipd::serve {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

// Nothing that we serve takes a body; one this small is read and ignored, a larger one refused.
constexpr std::size_t kMaxBodyBytes = 4096;
constexpr int kMaxUnsentBytes = 128 * 1024;
// A client that takes an answer at this rate or faster is never cut off, however long the answer is.
constexpr std::size_t kSlowestBytesPerSecond = 1024 * 1024;
// How long and how much a closing connection is still read, so that the kernel does not answer what the client
// sends with a reset that would destroy our last words on their way (RFC 9112, 9.6).
constexpr std::chrono::seconds kLinger(1);
constexpr std::size_t kLingerBytes = 256 * 1024;

constexpr const char* kFullText = "too many connections; try again later";

}  // namespace

HttpSession::HttpSession(asio::io_context& context, int socket, bool is_v6, SessionHost& host)
    : host_(host),
      transport_(context, socket, is_v6),
      timer_(context),
      buffer_(host.options().max_header_bytes + kMaxBodyBytes + kReadBytes) {
  error_code ignored;
  transport_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  // Bounds what a reader that does not read makes the kernel hold, without slowing one that does (tcp(7)).
  ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsentBytes, sizeof(kMaxUnsentBytes));
  const auto peer = transport_.socket().remote_endpoint(ignored);
  if (!ignored) client_ = peer.address().to_string();
}

void HttpSession::arm(base::Duration timeout) {
  is_timed_out_ = false;
  timer_.expires_after(timeout);
  timer_.async_wait([self = shared_from_this(), arming = ++arming_](error_code error) {
    if (!error && arming == self->arming_) self->on_timeout();
  });
}

void HttpSession::on_timeout() {
  switch (state_) {
    case State::kReading: {  // still owed a 408
      is_timed_out_ = true;
      error_code ignored;
      transport_.socket().cancel(ignored);
      return;
    }
    case State::kAdmitting:
      is_last_ = true;
      return send(plain_reply(503, "passwords take too long to check at the moment; try again later"), false);
    case State::kReloading:
      is_last_ = true;
      return send(plain_reply(503, "still loading; blipd_config_last_reload_successful will tell"), false);
    case State::kLookingUp:
      place_.reset();
      is_last_ = true;
      return send(plain_reply(503, "reading the journal takes too long at the moment; try again later"), false);
    case State::kStreaming:
      ++host_.stats().cut_off_streams;
      return abort();
    case State::kSecuring:
    case State::kWriting:
      ++host_.stats().cut_off_connections;
      return abort();
    default:
      return close();
  }
}

void HttpSession::wait_for_request(base::Duration timeout) {
  if (host_.is_stopping()) return close();
  if (buffer_.size() > 0) return read_request();
  state_ = State::kIdle;
  arm(timeout);
  transport_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, std::size_t n) {
    if (self->state_ == State::kClosed) return;
    if (error) return self->close();
    self->buffer_.commit(n);
    self->read_request();
  });
}

void HttpSession::read_request() {
  state_ = State::kReading;
  arm(host_.options().request_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(host_.options().max_header_bytes));
  parser_->body_limit(kMaxBodyBytes);
  http::async_read(transport_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->state_ == State::kClosed) return;
    if (error) return self->on_read_error(error);
    self->on_request();
  });
}

void HttpSession::on_read_error(error_code error) {
  is_last_ = true;
  if (error == asio::error::operation_aborted && is_timed_out_) {
    ++host_.stats().cut_off_connections;
    return send(plain_reply(408, "the request took too long"), false);
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return send(plain_reply(431, "the request's header is too large"), false);
  }
  if (error == http::error::body_limit) return send(plain_reply(413, "nothing here takes a body"), false);
  if (error == http::error::bad_version) return send(plain_reply(505, "this server speaks HTTP/1.1"), false);
  const bool is_malformed = error.category() == make_error_code(http::error::bad_method).category();
  if (!is_malformed || error == http::error::end_of_stream) return close();
  send(plain_reply(400, "this is not an HTTP request"), false);
}

void HttpSession::on_request() {
  const auto& request = parser_->get();
  is_last_ = is_last_ || !request.keep_alive();
  // RFC 9112, 3.2: without Host a request of HTTP/1.1 is not valid.
  if (request.version() >= 11 && request.count(http::field::host) != 1) {
    is_last_ = true;
    return send(plain_reply(400, "the request needs one Host field"), false);
  }
  const auto authorization = request[http::field::authorization];
  state_ = State::kAdmitting;
  arm(host_.options().request_timeout);
  host_.admit({authorization.data(), authorization.size()}, client_,
              [self = shared_from_this(), arming = arming_](Gate::Answer answer) {
                if (self->state_ == State::kAdmitting && arming == self->arming_) self->on_admitted(answer);
              });
}

void HttpSession::on_value(const FreshValue::Value& value) {
  const auto target = parser_->get().target();
  if (value && Router::needs_reading({target.data(), target.size()})) return look_up(value);
  answer(value);
}

void HttpSession::look_up(const FreshValue::Value& value) {
  const auto& request = parser_->get();
  const bool is_head_only = request.method() == http::verb::head;
  state_ = State::kLookingUp;
  arm(host_.options().request_timeout);
  value_ = value;
  place_ = host_.read(
      [target = std::string(request.target().data(), request.target().size()), value, is_gzip = is_gzip_taken()] {
        Reply reply = Router::read(target, *value);
        encode(reply, is_gzip);
        return reply;
      },
      [weak = weak_from_this(), is_head_only](Reply reply) {
        const auto self = weak.lock();
        if (!self || self->state_ != State::kLookingUp) return;
        self->place_.reset();
        self->send(std::move(reply), is_head_only);
      });
  if (place_) return;
  ++host_.stats().reading_overruns;
  send(plain_reply(503, "too many wait to read the journal; try again later"), is_head_only);
}

void HttpSession::answer(const FreshValue::Value& value) {
  const auto& request = parser_->get();
  const auto method = request.method_string();
  const auto target = request.target();
  value_ = value;
  Reply reply = host_.answer({method.data(), method.size()}, {target.data(), target.size()}, value);
  const auto known = request[http::field::if_none_match];
  if (is_known(reply, {known.data(), known.size()})) reply = not_modified(reply);
  encode(reply, is_gzip_taken());
  send(std::move(reply), request.method() == http::verb::head);
}

bool HttpSession::is_gzip_taken() const {
  const auto field = parser_->get()[http::field::accept_encoding];
  return takes_gzip({field.data(), field.size()});
}

void HttpSession::send(Reply reply, bool is_head_only) {
  const unsigned version = parser_ && parser_->is_header_done() ? parser_->get().version() : 11;
  reply_ = std::move(reply);
  ++host_.stats().replies[reply_.status];
  framing_ = Framing::kLength;
  if (reply_.stream) framing_ = version >= 11 ? Framing::kChunked : Framing::kUntilClose;
  const auto web = host_.web();
  // Made when something else was asked of clients: the next one is made anew.
  const bool is_outdated = secured_by_ != (web->tls ? web->tls->context : nullptr);
  is_last_ = is_last_ || is_outdated || framing_ == Framing::kUntilClose || host_.is_stopping();
  HeadOptions options;
  options.version = version;
  options.keep_alive = !is_last_;
  options.framing = framing_;
  options.is_secure = transport_.is_secure();
  options.headers = &web->headers;
  head_ = response_head(reply_, options, base::SystemClock().read().wall);
  if (!is_head_only) head_ += reply_.body;
  has_more_ = reply_.stream != nullptr && !is_head_only;
  if (!has_more_) {
    reply_.stream.reset();
    value_.reset();
  }

  state_ = State::kWriting;
  sending_since_ = asio::steady_timer::clock_type::now();
  sent_bytes_ = 0;
  arm(host_.options().request_timeout);
  if (has_more_) host_.began_stream();
  if (state_ == State::kClosed) return;  // for holding what was the oldest value of too many
  asio::async_write(transport_, asio::buffer(head_),
                    [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_sent(error, bytes); });
}

void HttpSession::on_sent(error_code error, std::size_t bytes) {
  if (state_ == State::kClosed) return;
  if (error) return close();
  sent_bytes_ += bytes;
  if (has_more_) return send_next_piece();
  on_answer_sent();
}

void HttpSession::send_next_piece() {
  has_more_ = reply_.stream->next(piece_);
  if (!has_more_ && framing_ == Framing::kUntilClose) return on_answer_sent();
  int digits = 0;
  if (framing_ == Framing::kChunked) {
    digits = std::snprintf(chunk_size_.data(), chunk_size_.size(), "%zx\r\n", has_more_ ? piece_.size() : 0);
  }
  // RFC 9112, 7.1. The last chunk is "0", CRLF, no trailer, CRLF: an empty piece comes out as just that.
  const std::array<asio::const_buffer, 3> parts = {
      asio::buffer(chunk_size_.data(), static_cast<std::size_t>(digits)), asio::buffer(piece_),
      framing_ == Framing::kChunked ? asio::buffer("\r\n", 2) : asio::const_buffer()};
  const auto earned = std::chrono::seconds(sent_bytes_ / kSlowestBytesPerSecond);
  const auto spent = asio::steady_timer::clock_type::now() - sending_since_;
  arm(std::max<base::Duration>(host_.options().request_timeout + earned - spent, std::chrono::milliseconds(1)));
  asio::async_write(transport_, parts,
                    [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_sent(error, bytes); });
}

void HttpSession::on_answer_sent() {
  reply_ = Reply{};
  value_.reset();
  std::string().swap(piece_);
  if (is_last_) return linger();
  wait_for_request(host_.options().idle_timeout);
}

void HttpSession::refuse() {
  is_refused_ = true;
  is_last_ = true;
  send(plain_reply(503, kFullText), false);
}

void HttpSession::finish() {
  is_last_ = true;
  if (state_ == State::kStreaming) return on_end();
  if (state_ == State::kIdle || state_ == State::kSecuring || state_ == State::kReading || state_ == State::kLingering)
    close();
}

void HttpSession::abort() {
  error_code ignored;
  transport_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

// With TLS the end of what was said is a message of its own (RFC 8446, 6.1), so that nobody can cut an answer short.
void HttpSession::linger() {
  if (!transport_.is_secure()) return drain_to_the_end();
  state_ = State::kLingering;
  arm(kLinger);
  transport_.async_shutdown([self = shared_from_this()](error_code) {
    if (self->state_ == State::kLingering) self->drain_to_the_end();
  });
}

void HttpSession::drain_to_the_end() {
  error_code ignored;
  transport_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  state_ = State::kLingering;
  arm(kLinger);
  buffer_.consume(buffer_.size());
  drain();
}

void HttpSession::drain() {
  transport_.socket().async_read_some(buffer_.prepare(kReadBytes),
                                      [self = shared_from_this()](error_code error, std::size_t n) {
                                        if (self->state_ == State::kClosed) return;
                                        self->drained_bytes_ += n;
                                        if (error || self->drained_bytes_ > kLingerBytes) return self->close();
                                        self->drain();
                                      });
}

void HttpSession::close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();  // ended() drops the server's own hold
  state_ = State::kClosed;
  ++arming_;
  timer_.cancel();
  error_code ignored;
  transport_.socket().close(ignored);
  reply_ = Reply{};
  value_.reset();
  place_.reset();
  host_.events().leave(*this);
  host_.ended(*this);
}

std::shared_ptr<Session> make_session(asio::io_context& context, int socket, bool is_v6, SessionHost& host) {
  try {
    return std::make_shared<HttpSession>(context, socket, is_v6, host);
  } catch (const std::exception&) {  // no memory, or no room in the kernel's table of watched descriptors
    ::close(socket);
    return nullptr;
  }
}

std::string_view short_refusal(bool is_tls) {
  using namespace std::string_view_literals;
  if (is_tls) return "\x15\x03\x03\x00\x02\x02\x50"sv;  // RFC 8446, 6: alert, fatal, internal_error
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
}

}  // namespace blipd::serve
