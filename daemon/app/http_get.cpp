#include "daemon/app/http_get.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "probes/base/address.hpp"

namespace blipd::app {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

// The status of 100,000 channels takes some 150 MB.
constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{512} * 1024 * 1024;

// RFC 7617, 2.
std::string basic_credentials(const HttpAccess& access) {
  const std::string pair = access.user + ":" + access.password;
  std::vector<unsigned char> encoded(4 * (pair.size() / 3 + 1) + 1);
  const int size = ::EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(pair.data()),
                                     static_cast<int>(pair.size()));
  return "Basic " + std::string(encoded.begin(), encoded.begin() + size);
}

// Runs the steps one after the other, each started by the one before; the whole is bounded by its caller's run_for().
class Exchange {
 public:
  // `tls` may be null for http, and must outlive this.
  Exchange(asio::io_context& context, asio::ssl::context* tls, const Url& url, const std::string& path,
           const HttpAccess& access)
      : url_(url), resolver_(context), stream_(context), request_(http::verb::get, url.path + path, 11) {
    request_.set(http::field::host, url.authority());
    request_.set(http::field::user_agent, "blipd");
    request_.set(http::field::connection, "close");
    if (!access.user.empty()) request_.set(http::field::authorization, basic_credentials(access));
    parser_.body_limit(kMaxBodyBytes);
    if (tls != nullptr) secure_.emplace(stream_, *tls);
    resolver_.async_resolve(url.host, std::to_string(url.port),
                            [this](error_code error, const asio::ip::tcp::resolver::results_type& found) {
                              if (!failed(error)) connect(found);
                            });
  }

  bool is_done() const { return is_done_; }
  const error_code& error() const { return error_; }
  HttpAnswer answer() { return {parser_.get().result_int(), std::move(parser_.get().body())}; }
  // What was wrong with the server's certificate; X509_V_OK when nothing was, or there was none.
  long verify_result() { return secure_ ? ::SSL_get_verify_result(secure_->native_handle()) : X509_V_OK; }

 private:
  bool failed(error_code error) {
    if (error) {
      is_done_ = true;
      error_ = error;
    }
    return bool(error);
  }

  void connect(const asio::ip::tcp::resolver::results_type& found) {
    stream_.async_connect(found, [this](error_code error, const asio::ip::tcp::endpoint&) {
      if (failed(error)) return;
      if (secure_) return shake_hands();
      write(stream_);
    });
  }

  void shake_hands() {
    secure_->set_verify_callback(asio::ssl::host_name_verification(url_.host));
    // RFC 6066, 3: names only, no addresses.
    if (!base::Address::parse(url_.host)) {
      SSL_set_tlsext_host_name(secure_->native_handle(), url_.host.c_str());
    }
    secure_->async_handshake(asio::ssl::stream_base::client, [this](error_code error) {
      if (!failed(error)) write(*secure_);
    });
  }

  template <class Stream>
  void write(Stream& stream) {
    http::async_write(stream, request_, [this, &stream](error_code error, std::size_t) {
      if (!failed(error)) read(stream);
    });
  }

  template <class Stream>
  void read(Stream& stream) {
    http::async_read(stream, buffer_, parser_, [this](error_code error, std::size_t) {
      if (!failed(error)) is_done_ = true;
    });
  }

  const Url url_;
  asio::ip::tcp::resolver resolver_;
  beast::tcp_stream stream_;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> secure_;
  http::request<http::empty_body> request_;
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  bool is_done_ = false;
  error_code error_;
};

std::string lower_first(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

base::Expected<void> trust(asio::ssl::context& tls, const std::string& authority_file) {
  error_code error;
  ::SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  tls.set_verify_mode(asio::ssl::verify_peer, error);
  if (authority_file.empty()) {
    tls.set_default_verify_paths(error);
    if (error) return base::fail("the system's certificates cannot be read; name one with --ca");
    return {};
  }
  tls.load_verify_file(authority_file, error);
  if (error)
    return base::fail("{} holds no certificate that can be read; give one in PEM form with --ca", authority_file);
  return {};
}

std::string explain(Exchange& exchange, const Url& url) {
  if (const long wrong = exchange.verify_result(); wrong != X509_V_OK) {
    return fmt::format("its certificate is not to be trusted: {}; name the authority that vouches for it with --ca",
                       ::X509_verify_cert_error_string(wrong));
  }
  const error_code& error = exchange.error();
  if (error.category() == asio::error::get_ssl_category()) {
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return fmt::format("its certificate is not for {}", url.host);
    if (reason == SSL_R_WRONG_VERSION_NUMBER) return "it does not speak TLS there; try http://";
    return fmt::format("TLS failed: {}", lower_first(error.message()));
  }
  return lower_first(error.message());
}

}  // namespace

base::Expected<HttpAnswer> http_get(const Url& url, const std::string& path, base::Duration timeout,
                                    const HttpAccess& access) {
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (url.is_secure) {
    if (const auto trusted = trust(tls, access.authority_file); !trusted) return tl::make_unexpected(trusted.error());
  }
  asio::io_context context{1};
  Exchange exchange(context, url.is_secure ? &tls : nullptr, url, path, access);
  context.run_for(timeout);
  if (!exchange.is_done()) return base::fail("no answer within {} s", base::to_seconds(timeout));
  if (exchange.error()) return base::fail("{}", explain(exchange, url));
  return exchange.answer();
}

}  // namespace blipd::app
