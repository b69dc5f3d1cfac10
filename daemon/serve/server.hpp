// The HTTP server: a thread of its own, so that no client can hold up probing. Asks for a fresh Published per
// request (no more often than a few times a second) and answers with the last one when a fresh one does not
// come within a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/model.hpp"
#include "daemon/engine/notice.hpp"
#include "daemon/serve/published.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

struct ServerOptions {
  std::string listen = "127.0.0.1:10547";  // address:port, [address]:port
  std::optional<int> inherited_socket;     // already listening (socket activation); takes the place of `listen`
  std::size_t max_connections = 128;
  base::Duration idle_timeout = std::chrono::seconds(30);     // between requests
  base::Duration request_timeout = std::chrono::seconds(10);  // for a whole request header, and for taking an answer
  std::size_t max_header_bytes = 8192;
  config::Web web;  // TLS, passwords, and whether POST /-/reload works
  // Loads the configuration anew. Called on the serving thread; answers once, later, on any thread. Dropping `done`
  // counts as an answer. Absent: there is nothing to reload.
  std::function<void(std::function<void(ReloadOutcome)> done)> reload;
  // Asks for a Published whose snapshot has no channels, which is cheap: enough for most pages. Absent: all is asked
  // for.
  RequestPublished request_verdicts;
  // What an operator should hear of. Called on the serving thread.
  engine::Notify notify;
};

class Server {
 public:
  // Opens the socket and starts the thread. Errors (port taken, bad address) say what to do.
  static base::Expected<std::unique_ptr<Server>> start(const ServerOptions& options, RequestPublished request);
  virtual ~Server() = default;  // closes all connections and joins the thread
  // The port that it listens on, for listen addresses with port 0.
  virtual std::uint16_t port() const = 0;
  // Takes effect for new connections and new requests. Any thread.
  virtual void adopt(const config::Web& web) = 0;
};

}  // namespace blipd::serve
