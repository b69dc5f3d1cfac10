#include "daemon/detect/recollection.hpp"

#include <fmt/format.h>

#include <iterator>

#include "daemon/event/words.hpp"

namespace blipd::detect {

namespace {

// Straight into one text: a tree of a hundred thousand channels would take eight times as much memory.
class Writer {
 public:
  explicit Writer(const Recollection& recollection) : recollection_(recollection) {
    constexpr std::size_t kUsualBytes = 96;  // of a channel, its name included
    text_.reserve(recollection.channels.size() * kUsualBytes);
  }

  std::string write() {
    const config::Plan& plan = *recollection_.plan;
    put("{{\"version\":1,\"channels\":");
    open();
    for (std::size_t i = 0; i < recollection_.channels.size(); ++i) {
      if (!plan.channels[i].is_active) continue;
      const Recollection::Channel& c = recollection_.channels[i];
      key(plan.channel_name(static_cast<config::ChannelIndex>(i)));
      put("[{},{},{},{},{},{}]", c.answers_mean, c.answers_weight, c.answers, c.has_answered, c.rtt_mean, c.rtts);
    }
    put("}},\"networks\":");
    open();
    for (const auto& [index, memory] : recollection_.networks) {
      key(network_key(plan, index));
      put("{{\"flaps\":");
      write(memory.flaps);
      put(",\"loss\":[{},{},{}],\"usual_share\":{},\"usual_down\":{}}}", memory.loss.mean, memory.loss.deviation,
          memory.loss.learned, memory.usual_share, memory.usual_down);
    }
    put("}},\"countries\":");
    open();
    for (const auto& [index, memory] : recollection_.countries) {
      key(plan.countries[index].code);
      put("{{\"flaps\":");
      write(memory.flaps);
      put(",\"usual_share\":{}}}", memory.usual_share);
    }
    put("}}}}");
    return std::move(text_);
  }

 private:
  template <class... Parts>
  void put(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Parts>(parts)...);
  }
  void open() {
    text_ += '{';
    is_first_ = true;
  }
  void key(const std::string& name) {
    if (!is_first_) text_ += ',';
    is_first_ = false;
    text_ += event::json_text(name);
    text_ += ':';
  }
  void write(const Flaps::Memory& flaps) {
    put("{{\"starts\":[");
    const char* separator = "";
    for (const base::MonoTime start : flaps.starts) {
      const base::WallTime wall = recollection_.now.wall + (start - recollection_.now.mono);
      put("{}{}", separator, base::to_unix_seconds(wall));
      separator = ",";
    }
    put("],\"episodes\":{},\"days\":{},\"is_unstable\":{}}}", flaps.episodes, flaps.days, flaps.is_unstable);
  }

  const Recollection& recollection_;
  std::string text_;
  bool is_first_ = true;
};

}  // namespace

std::string network_key(const config::Plan& plan, config::NetworkIndex index) {
  return std::string(plan.country_code(index)) + "/" + plan.networks[index].name;
}

std::string to_json(const Recollection& recollection) { return Writer(recollection).write(); }

}  // namespace blipd::detect
