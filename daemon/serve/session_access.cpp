// Who is let in to ask: the TLS handshake, name and password, and what only some may do.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <string_view>
#include <utility>

#include "daemon/serve/http_session.hpp"
#include "daemon/serve/reloads.hpp"
#include "daemon/serve/router.hpp"

namespace blipd::serve {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// RFC 8446, 5.1: how a client's first record begins, and no request of HTTP.
constexpr unsigned char kTlsHandshake = 22;

}  // namespace

void HttpSession::start() {
  if (!host_.web()->tls) return wait_for_request(host_.options().request_timeout);
  arm(host_.options().request_timeout);
  transport_.socket().async_wait(asio::socket_base::wait_read, [self = shared_from_this()](error_code error) {
    if (self->state_ == State::kClosed) return;
    if (error) return self->close();
    self->on_first_byte();
  });
}

void HttpSession::on_first_byte() {
  unsigned char first = 0;
  const ssize_t n = ::recv(transport_.socket().native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n <= 0) return close();
  if (first != kTlsHandshake) {
    is_last_ = true;
    return send(plain_reply(400, "this port speaks TLS; ask it with https://"), false);
  }
  const auto web = host_.web();
  if (!web->tls) return wait_for_request(host_.options().request_timeout);  // reloaded in the meantime
  state_ = State::kSecuring;
  secured_by_ = web->tls->context;
  arm(host_.options().request_timeout);
  const bool is_begun = transport_.secure(*web->tls->context, [self = shared_from_this()](error_code error) {
    if (self->state_ == State::kClosed) return;
    if (error) return self->on_handshake_error(error);
    self->wait_for_request(self->host_.options().request_timeout);
  });
  if (is_begun) return;
  ++host_.stats().failures;
  close();
}

void HttpSession::on_handshake_error(error_code error) {
  ServerStats& stats = host_.stats();
  if (error.category() != asio::error::get_ssl_category()) return close();  // gone before anything was agreed
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  const bool is_certificate =
      reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
  ++(is_certificate ? stats.refused_certificates : stats.failed_handshakes);
  drain_to_the_end();
}

void HttpSession::on_admitted(Gate::Answer answer) {
  if (answer == Gate::Answer::kBusy) {
    return send(plain_reply(503, "too many passwords wait to be checked; try again later"), false);
  }
  if (answer == Gate::Answer::kRefused) {
    Reply reply = plain_reply(401, "name and password are needed");
    reply.challenge = "Basic realm=\"blipd\", charset=\"UTF-8\"";
    return send(std::move(reply), parser_->get().method() == http::verb::head);
  }
  const auto& request = parser_->get();
  const auto method = request.method_string();
  const auto target = request.target();
  if (Router::is_reload({method.data(), method.size()}, {target.data(), target.size()})) return reload();
  if (!Router::needs_value({method.data(), method.size()}, {target.data(), target.size()}))
    return this->answer(nullptr);
  state_ = State::kWaiting;
  arm(FreshValue::kFirstPatience + host_.options().request_timeout);
  host_.get_value(Router::needs_channels({target.data(), target.size()}),
                  [self = shared_from_this()](const FreshValue::Value& value) {
                    if (self->state_ == State::kWaiting) self->on_value(value);
                  });
}

void HttpSession::reload() {
  const auto& request = parser_->get();
  const auto text = [&request](auto name) {
    const auto value = request[name];
    return std::string_view(value.data(), value.size());
  };
  Provenance from;
  from.host = text(http::field::host);
  from.origin = text(http::field::origin);
  from.fetch_site = text("Sec-Fetch-Site");
  from.is_bound_to_name = transport_.is_secure() || !host_.web()->users.empty();
  state_ = State::kReloading;
  arm(Reloads::kPatience);
  host_.reload(from, [self = shared_from_this(), arming = arming_](Reply reply) {
    if (self->state_ == State::kReloading && arming == self->arming_) self->send(std::move(reply), false);
  });
}

}  // namespace blipd::serve
