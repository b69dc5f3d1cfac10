// Several shards as one engine: they probe, each on a thread of its own, and this one, on the thread of the io_context
// given, joins what they learn into one stream in order of time. See docs/architecture.md, "Threads".
#pragma once

#include <memory>

#include "daemon/engine/engine.hpp"

namespace blipd::engine {

// `options.shards` of them. All sockets are opened here, none later.
base::Expected<std::unique_ptr<Engine>> create_sharded_engine(boost::asio::io_context& io, const base::Clock& clock,
                                                              probes::ResultSink& sink,
                                                              std::shared_ptr<const config::Plan> plan,
                                                              EngineOptions options);

}  // namespace blipd::engine
