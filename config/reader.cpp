#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <tuple>
#include <unordered_map>

#include "config/size.hpp"
#include "probes/base/text.hpp"

namespace blipd::config {

namespace {

std::string_view describe(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a single value";
    case Node::Kind::kSequence:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
  }
  return "";
}

std::string_view how_to_write(Node::Kind kind) {
  return kind == Node::Kind::kMap ? "write 'key: value' lines" : "write [a, b] or lines that begin with '- '";
}

std::string wrong_kind(Node::Kind wanted, Node::Kind found) {
  return fmt::format("expected {}, found {}; {}", describe(wanted), describe(found), how_to_write(wanted));
}

}  // namespace

std::string Path::to_string() const {
  if (!parent) return {};
  std::string text = parent->to_string();
  if (key.empty()) return text + fmt::format("[{}]", index);
  if (!text.empty()) text += '.';
  return text.append(key);
}

std::string cited(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out = "'";
  std::size_t shown = std::min(text.size(), kShown);
  // Never cut a UTF-8 sequence in two.
  while (shown < text.size() && shown > 0 && (static_cast<unsigned char>(text[shown]) & 0xc0U) == 0x80U) --shown;
  for (const char c : text.substr(0, shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + (shown < text.size() ? "…'" : "'");
}

void Faults::move_to(Loaded& loaded) {
  const auto by_place = [](const Fault& a, const Fault& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  };
  for (auto [from, to] : {std::pair{&faults_, &loaded.faults}, std::pair{&warnings_, &loaded.warnings}}) {
    std::stable_sort(from->begin(), from->end(), by_place);
    std::move(from->begin(), from->end(), std::back_inserter(*to));
    from->clear();
  }
}

std::string with_remedy(std::string message, std::string_view remedy) {
  if (message.find("; ") == std::string::npos) message.append("; ").append(remedy);
  return message;
}

std::string meant(std::string_view word, Keys known) {
  if (const auto near = nearest(word, known)) return fmt::format("; did you mean '{}'?", *near);
  return fmt::format("; known here: {}", fmt::join(known, ", "));
}

std::optional<std::string> read_text(const Node& node, const Path& path, Faults& faults) {
  if (node.kind == Node::Kind::kScalar) return node.text;
  faults.fault(node.place, path,
               fmt::format("expected a single value, found {}; write one word or number", describe(node.kind)));
  return std::nullopt;
}

Reader::Reader(const Node& node, const Path& path, Faults& faults, std::initializer_list<Keys> groups, Keys refused)
    : node_(node), path_(path), faults_(faults) {
  if (node.kind == Node::Kind::kMap) {
    check_keys(groups, refused);
  } else {
    faults_.fault(node.place, path_, wrong_kind(Node::Kind::kMap, node.kind));
  }
}

void Reader::check_keys(std::initializer_list<Keys> groups, Keys refused) const {
  std::vector<std::string_view> known;
  for (const Keys group : groups) {
    for (const std::string_view key : group) {
      if (std::ranges::find(known, key) == known.end()) known.push_back(key);
    }
  }
  std::unordered_map<std::string_view, int> lines;
  for (const Key& key : node_.keys) {
    const auto [first, is_new] = lines.emplace(key.text, key.place.line);
    if (!is_new) {
      faults_.fault(key.place, path_.child(key.text),
                    fmt::format("given twice, first on line {}; keep one", first->second));
    } else if (key.text == "<<") {
      faults_.fault(key.place, path_, "merge keys are not understood; put what is shared under defaults or a network");
    } else if (std::ranges::find(known, key.text) == known.end() &&
               std::ranges::find(refused, key.text) == refused.end()) {
      faults_.fault(key.place, path_, fmt::format("unknown key {}{}", cited(key.text), meant(key.text, known)));
    }
  }
}

std::optional<std::size_t> Reader::find_index(std::string_view key) const {
  if (node_.kind != Node::Kind::kMap) return std::nullopt;
  const auto found = std::ranges::find(node_.keys, key, &Key::text);
  if (found == node_.keys.end()) return std::nullopt;
  return static_cast<std::size_t>(found - node_.keys.begin());
}

Place Reader::place(std::string_view key) const {
  const auto index = find_index(key);
  if (!index) return node_.place;
  return node_.items[*index].kind == Node::Kind::kNull ? node_.keys[*index].place : node_.items[*index].place;
}

const Node* Reader::find(std::string_view key) const {
  const auto index = find_index(key);
  if (!index) return nullptr;
  const Node& value = node_.items[*index];
  if (value.kind != Node::Kind::kNull) return &value;
  fault(key, "has no value; give one or leave the key out");
  return nullptr;
}

const Node* Reader::find_kind(std::string_view key, Node::Kind kind) const {
  const Node* value = find(key);
  if (!value || value->kind == kind) return value;
  fault(key, wrong_kind(kind, value->kind));
  return nullptr;
}

std::optional<std::string> Reader::text(std::string_view key) const {
  const Node* value = find(key);
  if (!value) return std::nullopt;
  return read_text(*value, path_.child(key), faults_);
}

std::optional<std::vector<std::string>> Reader::texts(std::string_view key) const {
  const Node* value = list(key);
  if (!value) return std::nullopt;
  std::vector<std::string> all;
  const Path here = path_.child(key);
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    if (auto one = read_text(value->items[i], here.item(i), faults_)) all.push_back(std::move(*one));
  }
  return all;
}

std::optional<bool> Reader::flag(std::string_view key) const {
  const auto word = text(key);
  if (!word) return std::nullopt;
  if (*word == "true") return true;
  if (*word == "false") return false;
  fault(key, fmt::format("{} is neither true nor false; write one of them", cited(*word)));
  return std::nullopt;
}

std::optional<base::Duration> Reader::duration(std::string_view key, base::Duration least, base::Duration most) const {
  const auto word = text(key);
  if (!word) return std::nullopt;
  const auto value = base::parse_duration(*word);
  if (!value) {
    fault(key, fmt::format("{} is not a duration; write one such as 500ms, 5s or 1m30s", cited(*word)));
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    fault(key, fmt::format("{} is too {}; give {} to {}", *word, *value < least ? "short" : "long",
                           base::format_duration(least), base::format_duration(most)));
    return std::nullopt;
  }
  return *value;
}

std::optional<std::uint64_t> Reader::whole_number(std::string_view key, std::uint64_t least, std::uint64_t most) const {
  const auto word = text(key);
  if (!word) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = word->data() + word->size();
  const auto [stop, error] = std::from_chars(word->data(), end, value);
  if (error == std::errc::invalid_argument || stop != end) {
    fault(key, fmt::format("{} is not a whole number; give {} to {}", cited(*word), least, most));
    return std::nullopt;
  }
  if (error != std::errc{} || value < least || value > most) {
    fault(key, fmt::format("{} is out of range; give {} to {}", cited(*word), least, most));
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> Reader::size(std::string_view key, std::uint64_t least, std::uint64_t most) const {
  const auto word = text(key);
  if (!word) return std::nullopt;
  const auto value = parse_size(*word);
  if (!value) {
    fault(key, fmt::format("{} is not a size; write one such as 512KiB, 16MiB or 1GiB", cited(*word)));
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    fault(key, fmt::format("{} is too {}; give {} to {}", cited(*word), *value < least ? "small" : "large",
                           format_size(least), format_size(most)));
    return std::nullopt;
  }
  return *value;
}

std::optional<double> Reader::real(std::string_view key, double least, double most) const {
  const auto word = text(key);
  if (!word) return std::nullopt;
  double value = 0;
  const char* const end = word->data() + word->size();
  const auto [stop, error] = std::from_chars(word->data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) {
    fault(key, fmt::format("{} is not a number; give {} to {}", cited(*word), least, most));
    return std::nullopt;
  }
  if (value < least || value > most) {
    fault(key, fmt::format("{} is out of range; give {} to {}", cited(*word), least, most));
    return std::nullopt;
  }
  return value;
}

void Reader::refuse_choice(std::string_view key, std::string_view word,
                           const std::vector<std::string_view>& names) const {
  fault(key, fmt::format("unknown word {}{}", cited(word), meant(word, names)));
}

}  // namespace blipd::config
