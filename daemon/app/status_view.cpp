#include "daemon/app/status_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

namespace blipd::app {

namespace {

using Json = nlohmann::json;

constexpr const char* kUnknown = "unknown";

// Control characters, C1 and the escape among them, as question marks: a name must not steer the terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {  // U+0080 to U+009F
      out += '?';
      ++i;
    } else {
      out += byte < 0x20 || byte == 0x7F ? '?' : text[i];
    }
  }
  return out;
}

const Json& member(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? printable(value.get_ref<const std::string&>()) : kUnknown;
}

std::string percent(const Json& value) {
  return value.is_number() ? fmt::format("{:.3g} %", value.get<double>() * 100) : kUnknown;
}

std::string milliseconds(const Json& value) {
  if (!value.is_number()) return kUnknown;
  const double number = value.get<double>() * 1000;
  const int decimals = number < 1 ? 3 : number < 10 ? 2 : 1;
  return fmt::format("{:.{}f} ms", number, decimals);
}

std::string state_and_since(const Json& object, const char* key) {
  const std::string since = text(object, "since");
  return since == kUnknown ? text(object, key) : text(object, key) + " since " + since;
}

std::string reachable(const Json& object) {
  const Json& usual = member(object, "usual_reachable_ratio");
  const std::string now = "reachable " + percent(member(object, "reachable_ratio"));
  return usual.is_number() ? now + " of usually " + percent(usual) : now + ", usual unknown";
}

const char* colour_of(std::string_view state) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> states) {
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  if (is_one_of({"ok", "normal", "up", "steady"})) return "\x1b[32m";
  if (is_one_of({"degraded", "partial", "recovering"})) return "\x1b[33m";
  if (is_one_of({"outage", "total", "down", "fault"})) return "\x1b[31m";
  if (state.starts_with("unstable")) return "\x1b[33m";
  return "\x1b[2m";
}

// Characters, not bytes: what UTF-8 text takes on a terminal as long as none of them is wide.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// "steady", or how unstable; empty where the daemon does not say.
std::string stability(const Json& object) {
  if (!member(object, "stability").is_string()) return {};
  const std::string word = text(object, "stability");
  const Json& penalty = member(object, "flap_penalty");
  if (word != "unstable" || !penalty.is_number()) return word;
  return fmt::format("{} (flap penalty {:.0f})", word, penalty.get<double>());
}

std::string span(const Json& interval) {
  const std::string earliest = text(interval, "earliest");
  const std::string latest = text(interval, "latest");
  return earliest == latest ? earliest : earliest + " to " + latest;
}

// Where an event happened, from the wide to the narrow.
std::string place(const Json& event) {
  std::string where = text(event, "scope") == "vantage" ? "vantage point" : text(event, "country");
  for (const char* key : {"network", "target"}) {
    if (const std::string part = text(event, key); !part.empty()) where += "/" + part;
  }
  return where;
}

class View {
 public:
  explicit View(bool has_colour) : has_colour_(has_colour) {}

  void show(const Json& status);
  std::string take() { return std::move(out_); }

 private:
  static constexpr std::size_t kColumns = 9;
  using Row = std::array<std::string, kColumns>;

  void line(std::string_view text) { (out_ += text) += '\n'; }
  std::string in_colour(std::string_view state, const std::string& text) const {
    return has_colour_ ? colour_of(state) + text + "\x1b[0m" : text;
  }
  std::string second_axis(const Json& object) const {
    const std::string word = stability(object);
    return word.empty() ? "" : ", " + in_colour(word, word);
  }
  static std::vector<Row> rows_of(const Json& targets);
  void measure(const Json& networks);
  void show_network(const Json& network, bool is_control);
  void show_verdict(const Json& target);
  void show_events(const Json& events, const Json& left_out);
  void show_row(const Row& row, bool is_heading);

  static constexpr std::size_t kStateColumn = 3;
  const bool has_colour_;
  std::array<std::size_t, kColumns> widths_{};
  std::string out_;
};

const std::array<std::string, 9> kHeading = {"TARGET",  "HOST",   "ASKED",  "STATE",      "LOSS 1m",
                                             "LOSS 5m", "RTT 1m", "RTT 5m", "LAST ANSWER"};

std::vector<View::Row> View::rows_of(const Json& targets) {
  std::vector<Row> rows;
  if (!targets.is_array()) return rows;
  for (const Json& target : targets) {
    const Json& channels = member(target, "channels");
    if (!channels.is_array()) continue;
    for (const Json& channel : channels) {
      const Json& windows = member(channel, "windows");
      const Json& minute = member(windows, "1m");
      const Json& five = member(windows, "5m");
      const std::string answered = text(channel, "last_answered");
      rows.push_back({text(target, "name"), text(target, "host"), text(channel, "probe"), text(target, "state"),
                      percent(member(minute, "loss_ratio")), percent(member(five, "loss_ratio")),
                      milliseconds(member(member(minute, "rtt_seconds"), "median")),
                      milliseconds(member(member(five, "rtt_seconds"), "median")),
                      answered == kUnknown ? "none yet" : answered});
    }
  }
  return rows;
}

void View::measure(const Json& networks) {
  if (!networks.is_array()) return;
  for (const Json& network : networks) {
    for (const Row& row : rows_of(member(network, "targets"))) {
      for (std::size_t i = 0; i < kColumns; ++i) widths_[i] = std::max(widths_[i], width(row[i]));
    }
  }
}

void View::show_row(const Row& row, bool is_heading) {
  std::string line_text = "    ";
  for (std::size_t i = 0; i < kColumns; ++i) {
    const bool is_last = i + 1 == kColumns;
    const std::string padding(is_last ? 0 : widths_[i] - width(row[i]) + 2, ' ');
    line_text += (i == kStateColumn && !is_heading ? in_colour(row[i], row[i]) : row[i]) + padding;
  }
  line(line_text);
}

void View::show_network(const Json& network, bool is_control) {
  const std::string name = text(network, "name");
  if (is_control) {
    line("  " + name);
  } else {
    const std::string state = in_colour(text(network, "state"), state_and_since(network, "state"));
    const Json& evidence = member(network, "evidence");
    const std::string weight = evidence.is_number() ? fmt::format("{:+.1f}", evidence.get<double>()) : kUnknown;
    line(fmt::format("  {}: {}{}; {}; W {}", name, state, second_axis(network), reachable(network), weight));
  }
  const auto rows = rows_of(member(network, "targets"));
  if (!rows.empty()) show_row(kHeading, true);
  for (const Row& row : rows) show_row(row, false);
  const Json& targets = member(network, "targets");
  if (!targets.is_array()) return;
  for (const Json& target : targets) show_verdict(target);
}

// What the ways of asking say together, where the rows do not say as much or it is news; and signs of interference.
void View::show_verdict(const Json& target) {
  const std::string verdict = text(target, "verdict");
  const bool is_news = member(target, "verdict_as_usual") == false && member(target, "channels").size() > 1;
  if (is_news && verdict != "up-all") {
    line(fmt::format("    {}: {}", text(target, "name"), in_colour("partial", text(target, "verdict_words"))));
  }
  const Json& signs = member(target, "signs");
  if (!signs.is_array()) return;
  for (const Json& sign : signs) {
    const Json& count = member(sign, "count");
    line(fmt::format("    {}: {}: {}, {} times, last {}", text(target, "name"),
                     in_colour("partial", text(sign, "sign")), text(sign, "words"),
                     count.is_number_unsigned() ? count.get<std::uint64_t>() : 0, text(sign, "last")));
  }
}

void View::show_events(const Json& events, const Json& left_out) {
  if (!events.is_array() || events.empty()) return;
  line("");
  line("Open events");
  for (const Json& event : events) {
    const std::string length = text(event, "class");
    const std::string kind = text(event, "kind") + (length == kUnknown ? "" : " (" + length + ")");
    const Json& seconds = member(event, "duration_seconds");
    const std::string shape = text(member(event, "onset"), "shape");
    line(fmt::format("  {}: {} since {}, {:.0f} s so far; {}; lowest reachable {}{}", place(event),
                     in_colour("down", kind), span(member(event, "start")),
                     seconds.is_number() ? seconds.get<double>() : 0.0, shape,
                     percent(member(member(event, "reachable"), "lowest")),
                     member(event, "needs_review") == true ? "; is this the new normal? see the log" : ""));
  }
  if (left_out.is_number_unsigned() && left_out != 0) {
    line(fmt::format("  and {} more of hosts", left_out.get<std::uint64_t>()));
  }
}

void View::show(const Json& status) {
  const Json& vantage = member(status, "vantage");
  const Json& health = member(status, "health");
  line(fmt::format("blipd {} on {}, {}", text(status, "version"), text(vantage, "name"), text(status, "taken")));
  line(fmt::format("Vantage point: {}; controls answering: {}",
                   in_colour(text(vantage, "state"), state_and_since(vantage, "state")),
                   percent(member(vantage, "control_answer_ratio"))));
  const bool has_settled = member(health, "first_round_settled") == true;
  line(fmt::format("Time stamps: {}{}", text(health, "clock_source"),
                   has_settled ? "" : "; the first round of probes has not settled yet"));

  const Json& journal = member(status, "journal");
  if (journal.is_object() && member(journal, "writing") == false) {
    line("Journal: " + in_colour("down", "kept in memory") + "; " + text(journal, "problem"));
  }
  show_events(member(status, "open_events"), member(status, "open_events_left_out"));

  const Json& countries = member(status, "countries");
  const Json& controls = member(status, "controls");
  if (countries.empty()) line("Nobody is watched: the configuration has no target.");
  for (std::size_t i = 0; i < kColumns; ++i) widths_[i] = width(kHeading[i]);
  for (const Json& country : countries) measure(member(country, "networks"));
  measure(controls);

  for (const Json& country : countries) {
    const std::string code = text(country, "code");
    const std::string name = text(country, "name");
    const bool is_split = member(country, "split") == true;
    const std::string level = is_split ? "asked here in part only, so not judged"
                                       : in_colour(text(country, "level"), state_and_since(country, "level"));
    line("");
    line(fmt::format("{}{}: {}{}; {}", code, name.empty() || name == kUnknown ? "" : " " + name, level,
                     second_axis(country), reachable(country)));
    for (const Json& network : member(country, "networks")) show_network(network, false);
  }
  if (controls.is_array() && !controls.empty()) {
    line("");
    line("Controls");
    for (const Json& network : controls) show_network(network, true);
  }
}

}  // namespace

base::Expected<std::string> render_status(std::string_view json, bool has_colour) {
  const Json status = Json::parse(json, nullptr, false);
  if (!status.is_object() || !member(status, "countries").is_array()) {
    return base::fail("the answer is not a status of blipd");
  }
  View view(has_colour);
  view.show(status);
  return view.take();
}

}  // namespace blipd::app
