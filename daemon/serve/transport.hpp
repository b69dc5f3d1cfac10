// A connection's bytes: plain, or through TLS once secure() was called. What sessions and Beast read from and write to.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <utility>

namespace blipd::serve {

class Transport {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;

  // Takes an accepted socket over.
  Transport(boost::asio::io_context& context, int socket, bool is_v6)
      : socket_(context, is_v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), socket) {}

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool is_secure() const { return tls_.has_value(); }

  // The server's side of a handshake. False when there is no memory for it.
  template <class Handler>
  bool secure(ssl_ctx_st& context, Handler&& handler) {
    SSL* const connection = ::SSL_new(&context);
    if (connection == nullptr) return false;
    tls_.emplace(socket_, connection);
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
    return true;
  }
  // Says that nothing more comes (close_notify), and waits until the other side says the same.
  template <class Handler>
  void async_shutdown(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace blipd::serve
