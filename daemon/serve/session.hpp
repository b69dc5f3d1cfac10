// One client's connection: reads requests one after the other, answers each, and holds the client to the limits.
// Everything happens on the server's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/web_file.hpp"
#include "daemon/serve/cross_site.hpp"
#include "daemon/serve/fresh_value.hpp"
#include "daemon/serve/gate.hpp"
#include "daemon/serve/reading_room.hpp"
#include "daemon/serve/reply.hpp"
#include "daemon/serve/server.hpp"
#include "daemon/serve/server_stats.hpp"

namespace boost::asio {
class io_context;
}

namespace blipd::serve {

class Session;

// What sessions need of their server.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual ServerStats& stats() = 0;
  virtual bool is_stopping() const = 0;
  // Never null.
  virtual std::shared_ptr<const config::WebFile> web() const = 0;
  virtual void admit(std::string_view authorization, const std::string& client, Gate::Done done) = 0;
  virtual void reload(const Provenance& request, std::function<void(Reply)> done) = 0;
  virtual void get_value(bool with_channels, FreshValue::Waiter waiter) = 0;
  virtual Reply answer(std::string_view method, std::string_view target, const FreshValue::Value& value) = 0;
  // On the reading thread; see ReadingRoom::enter().
  virtual ReadingRoom::Place read(std::function<Reply()> make, std::function<void(Reply)> done) = 0;
  // The session has begun to send something made from what it holds().
  virtual void began_stream() = 0;
  // The last call of a session; it has closed its socket.
  virtual void ended(Session& session) = 0;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual void start() = 0;
  // Says 503 and closes.
  virtual void refuse() = 0;
  // Closes at once when idle, else after the answer under way.
  virtual void finish() = 0;
  // Closes at once, whatever is under way.
  virtual void abort() = 0;
  virtual bool is_refused() const = 0;
  // What an answer under way is being made from, so that somebody can count how many values are kept alive.
  virtual const Published* holds() const = 0;
};

// Takes an accepted socket over. Null, and the socket closed, when the machine has no room for it.
std::shared_ptr<Session> make_session(boost::asio::io_context& context, int socket, bool is_v6, SessionHost& host);

// The refusal for those whom not even refuse() has room for. Over TLS there is room for none: before a handshake, which
// costs more than an answer, one can say no more than an alert.
std::string_view short_refusal(bool is_tls);

}  // namespace blipd::serve
