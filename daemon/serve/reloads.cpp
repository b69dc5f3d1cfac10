#include "daemon/serve/reloads.hpp"

#include <optional>
#include <string>
#include <utility>

#include "daemon/serve/mailbox.hpp"

namespace blipd::serve {

void Reloads::ask(std::function<void(Reply)> done) {
  if (!reload_) return done(plain_reply(503, "there is nobody here who could load the configuration"));
  if (waiting_) return done(plain_reply(503, "the configuration is being loaded already; try again in a second"));
  waiting_ = std::make_shared<std::function<void(Reply)>>(std::move(done));
  // While the answer is on its way to the serving thread, `this` is there or the mailbox is closed.
  const auto deliver = [this, weak = std::weak_ptr(waiting_)](std::optional<ReloadOutcome> outcome) {
    const auto waiting = weak.lock();
    if (!waiting) return;
    waiting_.reset();
    if (!outcome) return (*waiting)(plain_reply(503, "the configuration was not loaded: blipd is stopping"));
    (*waiting)(plain_reply(outcome->was_successful ? 200 : 500, std::move(outcome->text)));
  };
  const auto question = std::make_shared<Question<ReloadOutcome>>(mailbox_, deliver);
  reload_([question](ReloadOutcome outcome) { question->answer(std::move(outcome)); });
}

}  // namespace blipd::serve
