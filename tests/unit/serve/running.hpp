// A server on a free port of loopback, and sources of values for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "daemon/serve/server.hpp"
#include "tests/unit/serve/client.hpp"
#include "tests/unit/serve/metrics_text.hpp"
#include "tests/unit/serve/sample.hpp"

namespace blipd::serve::sample {

inline ServerOptions loopback() {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  return options;
}

// Answers every question with the same value, at once.
inline RequestPublished always(const std::shared_ptr<const Published>& value) {
  return [value](const PublishedWish& wish) { wish(value); };
}

inline std::unique_ptr<Server> start(const ServerOptions& options, RequestPublished source = always(small())) {
  auto server = Server::start(options, std::move(source));
  if (!server) throw std::runtime_error(server.error().text);
  return std::move(*server);
}

// More than the buffers of a loopback connection take.
inline std::shared_ptr<const Published> large() {
  PlanMaker maker;
  const auto network = maker.network(maker.country("XX", ""), "net");
  for (int i = 0; i < 300; ++i) maker.channel(maker.target(network, "t" + std::to_string(i), "h"), "ping");
  return publish(empty_snapshot(std::move(maker.plan)));
}

inline std::string counter(std::uint16_t port, const std::string& series) {
  return read_metrics(body_of(fetch(port, "/metrics"))).at(series);
}

}  // namespace blipd::serve::sample
