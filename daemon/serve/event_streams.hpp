// Those who listen to /api/v1/events. Looks once a second what is new, for all of them together, and only while there
// are any. Lives on the serving thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/serve/fresh_value.hpp"
#include "daemon/serve/news.hpp"
#include "daemon/serve/server_stats.hpp"

namespace blipd::serve {

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void hear(const std::shared_ptr<const std::string>& text) = 0;
  // No more will come.
  virtual void on_end() = 0;
};

class EventStreams {
 public:
  static constexpr std::size_t kMostListeners = 32;

  // `get` asks for what is known, without channels.
  EventStreams(boost::asio::io_context& context, std::function<void(FreshValue::Waiter)> get, ServerStats& stats)
      : timer_(context), get_(std::move(get)), stats_(stats) {}

  // False when there are too many. Who came in hears at once how it stands, or as soon as that is known.
  bool join(Listener& listener);
  void leave(Listener& listener);
  // For all: the server ends, or asks something else of its clients from now on.
  void end_all();

 private:
  void wait();
  void look();
  void on_value(const FreshValue::Value& value);
  void tell(std::string text);

  boost::asio::steady_timer timer_;
  const std::function<void(FreshValue::Waiter)> get_;
  ServerStats& stats_;
  std::vector<Listener*> listeners_;
  std::vector<Listener*> newcomers_;  // of those, who have not heard how it stands
  News news_;
  std::uint64_t round_ = 0;  // tells an answer that was asked for by listeners who all left
  base::MonoTime told_at_{};
};

}  // namespace blipd::serve
