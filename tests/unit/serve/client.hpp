// A client for the tests of the server that can misbehave: a plain blocking socket on loopback, on which no call
// takes longer than its limit.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace blipd::serve::sample {

class Client {
 public:
  // `receive_buffer` in bytes: small ones make a reader that is soon full.
  explicit Client(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (socket_ < 0) throw std::runtime_error("no socket");
    const timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      ::close(socket_);
      throw std::runtime_error("cannot connect");
    }
  }
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Client& operator=(Client&&) = delete;
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  int descriptor() const { return socket_; }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  void half_close() { ::shutdown(socket_, SHUT_WR); }

  // Everything until the server closes; throws when it does not within the limit.
  std::string receive_all() {
    std::string all;
    for (char buffer[65536];;) {
      const ssize_t n = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (n == 0) return all;
      if (n < 0) {
        if (errno == ECONNRESET) return all;
        throw std::runtime_error("the server did not close; so far: " + all);
      }
      all.append(buffer, static_cast<std::size_t>(n));
    }
  }

  // Until `end` has come; throws when it does not.
  std::string receive_until(std::string_view end) {
    std::size_t searched = 0;
    std::size_t found = 0;
    while ((found = pending_.find(end, searched)) == std::string::npos) {
      searched = pending_.size() < end.size() ? 0 : pending_.size() - end.size();
      char buffer[65536];
      const ssize_t n = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (n <= 0) throw std::runtime_error("ended before \"" + std::string(end) + "\" came");
      pending_.append(buffer, static_cast<std::size_t>(n));
    }
    std::string text = pending_.substr(0, found + end.size());
    pending_.erase(0, text.size());
    return text;
  }

  // Whether the server resets the connection within the limit, without anything being read.
  bool is_reset(int limit_milliseconds = 5000) {
    pollfd wait{socket_, 0, 0};  // an error or a hang-up is reported without being asked for
    return ::poll(&wait, 1, limit_milliseconds) == 1;
  }

  // Whether the server has closed, waiting for it up to the limit.
  bool is_closed() {
    char byte;
    const ssize_t n = ::recv(socket_, &byte, 1, 0);
    return n == 0 || (n < 0 && errno != EAGAIN);
  }

 private:
  int socket_;
  std::string pending_;
};

inline std::string request(std::string_view target, std::string_view method = "GET", std::string_view more = "") {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) +
         "\r\n";
}

// One request on a connection of its own; the whole answer.
inline std::string fetch(std::uint16_t port, std::string_view target, std::string_view method = "GET") {
  Client client(port);
  client.send(request(target, method, "Connection: close\r\n"));
  return client.receive_all();
}

// The body of an answer, out of its chunks where it comes in chunks; throws when those are malformed.
inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string::npos) throw std::runtime_error("no head: " + answer);
  const std::string rest = answer.substr(end + 4);
  if (answer.find("\r\nTransfer-Encoding: chunked\r\n") > end) return rest;
  std::string body;
  for (std::size_t at = 0;;) {
    const std::size_t line_end = rest.find("\r\n", at);
    if (line_end == std::string::npos) throw std::runtime_error("a chunk without its size");
    const std::size_t size = std::stoul(rest.substr(at, line_end - at), nullptr, 16);
    at = line_end + 2;
    if (rest.compare(at + size, 2, "\r\n") != 0) throw std::runtime_error("a chunk that is cut short");
    body.append(rest, at, size);
    at += size + 2;
    if (size == 0) {
      if (at != rest.size()) throw std::runtime_error("something after the last chunk");
      return body;
    }
  }
}

}  // namespace blipd::serve::sample
