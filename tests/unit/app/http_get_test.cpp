#include "daemon/app/http_get.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "daemon/serve/server.hpp"

using namespace blipd;
using namespace blipd::app;
using namespace std::chrono_literals;

TEST_CASE("a page of a running server is fetched whole, whatever its status") {
  serve::ServerOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = serve::Server::start(options, [](auto done) { done(nullptr); });
  REQUIRE(server);
  Url url{"127.0.0.1", (*server)->port(), ""};
  const auto healthy = http_get(url, "/-/healthy", 5s);
  REQUIRE(healthy);
  CHECK(healthy->status == 200);
  CHECK(healthy->body == "healthy\n");
  CHECK(http_get(url, "/nothing", 5s)->status == 404);
  CHECK(http_get(url, "/api/v1/status", 5s)->status == 503);
}

namespace {

// A socket on loopback that is bound and, if wanted, listens, but never answers.
class DeafSocket {
 public:
  explicit DeafSocket(bool listens) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    if (listens) ::listen(socket_, 8);
    port = ntohs(address.sin_port);
  }
  DeafSocket(const DeafSocket&) = delete;
  DeafSocket& operator=(const DeafSocket&) = delete;
  ~DeafSocket() { ::close(socket_); }

  std::uint16_t port = 0;

 private:
  int socket_;
};

}  // namespace

TEST_CASE("nobody there is said at once") {
  const DeafSocket socket(false);
  const auto answer = http_get(Url{"127.0.0.1", socket.port, ""}, "/", 5s);
  REQUIRE(!answer);
  CHECK(answer.error().text == "connection refused");
}

TEST_CASE("a server that does not answer is waited for no longer than wanted") {
  const DeafSocket socket(true);
  const auto before = std::chrono::steady_clock::now();
  const auto answer = http_get(Url{"127.0.0.1", socket.port, ""}, "/", 200ms);
  REQUIRE(!answer);
  CHECK(answer.error().text == "no answer within 0.2 s");
  CHECK(std::chrono::steady_clock::now() - before < 2s);
}
