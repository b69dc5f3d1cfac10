#include "daemon/app/http_get.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

namespace blipd::app {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

// The status of 100,000 channels takes some 150 MB.
constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{512} * 1024 * 1024;

// Runs the steps one after the other, each started by the one before; the whole is bounded by its caller's run_for().
class Exchange {
 public:
  Exchange(asio::io_context& context, const Url& url, const std::string& path)
      : resolver_(context), stream_(context), request_(http::verb::get, url.path + path, 11) {
    request_.set(http::field::host, url.authority());
    request_.set(http::field::user_agent, "blipd");
    request_.set(http::field::connection, "close");
    parser_.body_limit(kMaxBodyBytes);
    resolver_.async_resolve(url.host, std::to_string(url.port),
                            [this](error_code error, const asio::ip::tcp::resolver::results_type& found) {
                              if (!failed(error)) connect(found);
                            });
  }

  bool is_done() const { return is_done_; }
  const error_code& error() const { return error_; }
  HttpAnswer answer() { return {parser_.get().result_int(), std::move(parser_.get().body())}; }

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
      if (!failed(error)) write();
    });
  }

  void write() {
    http::async_write(stream_, request_, [this](error_code error, std::size_t) {
      if (!failed(error)) read();
    });
  }

  void read() {
    http::async_read(stream_, buffer_, parser_, [this](error_code error, std::size_t) {
      if (!failed(error)) is_done_ = true;
    });
  }

  asio::ip::tcp::resolver resolver_;
  beast::tcp_stream stream_;
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

}  // namespace

base::Expected<HttpAnswer> http_get(const Url& url, const std::string& path, base::Duration timeout) {
  asio::io_context context{1};
  Exchange exchange(context, url, path);
  context.run_for(timeout);
  if (!exchange.is_done()) return base::fail("no answer within {} s", base::to_seconds(timeout));
  if (exchange.error()) return base::fail("{}", lower_first(exchange.error().message()));
  return exchange.answer();
}

}  // namespace blipd::app
