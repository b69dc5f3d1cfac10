// POST /-/reload: hands the wish on, one at a time, and turns the outcome into an answer. Lives on the serving thread;
// loading happens elsewhere.
#pragma once

#include <functional>
#include <memory>

#include "daemon/serve/reply.hpp"
#include "daemon/serve/server.hpp"

namespace blipd::serve {

class Mailbox;

class Reloads {
 public:
  // How long a client is kept waiting; the loading goes on.
  static constexpr base::Duration kPatience = std::chrono::seconds(30);

  Reloads(std::function<void(std::function<void(ReloadOutcome)>)> reload, std::shared_ptr<Mailbox> mailbox)
      : reload_(std::move(reload)), mailbox_(std::move(mailbox)) {}

  // Calls `done` once, now or later, unless this is gone before.
  void ask(std::function<void(Reply)> done);

 private:
  std::function<void(std::function<void(ReloadOutcome)>)> reload_;
  std::shared_ptr<Mailbox> mailbox_;
  // Who waits for the loading that is under way. What comes late finds nobody: it may come when the server, and with it
  // who waited, is no more.
  std::shared_ptr<std::function<void(Reply)>> waiting_;
};

}  // namespace blipd::serve
