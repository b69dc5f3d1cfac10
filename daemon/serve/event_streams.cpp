#include "daemon/serve/event_streams.hpp"

#include <algorithm>
#include <utility>

namespace blipd::serve {

namespace {

constexpr std::chrono::seconds kLook(1);
// A comment now and then shows both sides that the other is still there, and keeps what lies between from giving up.
constexpr base::Duration kSilence = std::chrono::seconds(15);

base::MonoTime now() { return base::SystemClock().read().mono; }

}  // namespace

bool EventStreams::join(Listener& listener) {
  if (listeners_.size() >= kMostListeners) {
    ++stats_.refused_streams;
    return false;
  }
  listeners_.push_back(&listener);
  newcomers_.push_back(&listener);
  stats_.open_streams = listeners_.size();
  if (listeners_.size() == 1) {
    // What was new meanwhile is nobody's news.
    news_ = News();
    told_at_ = now();
    ++round_;
    look();
  } else if (!news_.standing().empty()) {
    newcomers_.pop_back();
    listener.hear(std::make_shared<const std::string>(news_.standing()));
  }
  return true;
}

void EventStreams::leave(Listener& listener) {
  std::erase(newcomers_, &listener);
  std::erase(listeners_, &listener);
  stats_.open_streams = listeners_.size();
  if (listeners_.empty()) timer_.cancel();
}

void EventStreams::end_all() {
  // Whoever ends leaves.
  for (Listener* listener : std::vector<Listener*>(listeners_)) listener->on_end();
}

void EventStreams::wait() {
  timer_.expires_after(kLook);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled && !listeners_.empty()) look();
  });
}

void EventStreams::look() {
  get_([this, round = round_](const FreshValue::Value& value) {
    if (round != round_ || listeners_.empty()) return;
    if (value) on_value(value);
    if (now() - told_at_ >= kSilence) tell(":\n\n");
    wait();
  });
}

void EventStreams::on_value(const FreshValue::Value& value) {
  std::string news = news_.since(*value);
  // Newcomers know what the others hear now.
  const auto standing = std::make_shared<const std::string>(news_.standing());
  for (Listener* newcomer : std::exchange(newcomers_, {})) {
    if (std::ranges::find(listeners_, newcomer) != listeners_.end()) newcomer->hear(standing);
  }
  if (!news.empty()) tell(std::move(news));
}

void EventStreams::tell(std::string text) {
  told_at_ = now();
  const auto shared = std::make_shared<const std::string>(std::move(text));
  // Whoever hears may have to leave for being too slow.
  for (Listener* listener : std::vector<Listener*>(listeners_)) {
    if (std::ranges::find(listeners_, listener) != listeners_.end()) listener->hear(shared);
  }
}

}  // namespace blipd::serve
