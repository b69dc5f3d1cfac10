// libcurl's multi interface without a loop of its own: whoever owns the sockets says which have news, and is told what
// each waits for. Nothing in it waits. On the probing thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "daemon/engine/http_exchange.hpp"
#include "daemon/engine/kernel_socket.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

class HttpTalker {
 public:
  // `want` is called for an exchange whenever its socket is to be looked at for something else.
  explicit HttpTalker(std::function<void(const HttpExchange&, Readiness::Want)> want);
  ~HttpTalker();  // after all exchanges were removed
  HttpTalker(const HttpTalker&) = delete;
  HttpTalker& operator=(const HttpTalker&) = delete;

  // Begins. The exchange lives until it is removed.
  void add(HttpExchange& exchange);
  void remove(HttpExchange& exchange);

  // Its socket has news.
  void go_on(HttpExchange& exchange);
  // Once a tick: what is due by libcurl's own reckoning of time.
  void look_at_time(base::MonoTime now);

  // Exchanges that have come to an end since the last call, HttpExchange::end() called.
  std::vector<HttpExchange*> take_ended();

 private:
  struct Hooks;

  std::function<void(const HttpExchange&, Readiness::Want)> want_;
  base::SystemClock clock_;
  void* multi_ = nullptr;
  std::optional<base::MonoTime> due_;
};

}  // namespace blipd::engine
