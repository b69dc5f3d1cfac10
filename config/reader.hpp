// Typed reading of a document tree. A Reader stands on one mapping, hands out its values by key, and
// notes every fault with file, line, column and path instead of stopping, so that one run finds them
// all. A value that is at fault reads as absent. Owns the wording of faults about form (unknown and
// duplicate keys, wrong types, ranges); what names mean is the loader's affair.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/tree.hpp"
#include "probes/base/time.hpp"

namespace blipd::config {

// Where in the document a value stands, as a chain up to the root; becomes text only for a fault.
// Lives on the stack of whoever walks the tree.
struct Path {
  const Path* parent = nullptr;
  std::string_view key;  // or, when empty, the position in a list
  std::size_t index = 0;

  Path child(std::string_view name) const { return {this, name, 0}; }
  Path item(std::size_t position) const { return {this, {}, position}; }
  std::string to_string() const;  // countries[0].networks[1].name
};

// A user's own text as it may stand in a message: quoted, cut short, without control characters.
std::string cited(std::string_view text);

// The faults and warnings of one file.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}
  const std::string& file() const { return file_; }
  void fault(Place place, const Path& path, std::string what) { add(faults_, place, path, std::move(what)); }
  void warn(Place place, const Path& path, std::string what) { add(warnings_, place, path, std::move(what)); }
  bool is_empty() const { return faults_.empty(); }
  std::size_t count() const { return faults_.size(); }
  // Appends what was noted, in the order of the places.
  void move_to(Loaded& loaded);

 private:
  void add(std::vector<Fault>& to, Place place, const Path& path, std::string what) {
    to.push_back({file_, place.line, place.column, path.to_string(), std::move(what)});
  }
  std::string file_;
  std::vector<Fault> faults_;
  std::vector<Fault> warnings_;
};

template <class E>
using Choices = std::span<const std::pair<std::string_view, E>>;

class Reader {
 public:
  // `groups` are the keys that this mapping may hold. Anything but a mapping is noted as a fault. Who passes `refused`
  // has words of his own for those keys.
  Reader(const Node& node, const Path& path, Faults& faults, std::initializer_list<Keys> groups, Keys refused = {});

  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const Path& path() const { return path_; }
  Faults& faults() const { return faults_; }
  Place place() const { return node_.place; }
  Place place(std::string_view key) const;  // of the key's value, or of the mapping where there is none

  bool has(std::string_view key) const { return find_index(key).has_value(); }
  // Absent when the key is, or when it has no value, which is noted as a fault.
  const Node* find(std::string_view key) const;
  // The same for a value that must be a list or a mapping.
  const Node* list(std::string_view key) const { return find_kind(key, Node::Kind::kSequence); }
  const Node* map(std::string_view key) const { return find_kind(key, Node::Kind::kMap); }

  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::vector<std::string>> texts(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  // Both ends are allowed values.
  std::optional<base::Duration> duration(std::string_view key, base::Duration least, base::Duration most) const;
  std::optional<std::uint64_t> size(std::string_view key, std::uint64_t least, std::uint64_t most) const;
  std::optional<double> real(std::string_view key, double least, double most) const;
  template <std::unsigned_integral T>
  std::optional<T> whole(std::string_view key, T least, T most) const {
    const auto value = whole_number(key, least, most);
    if (!value) return std::nullopt;
    return static_cast<T>(*value);
  }
  template <class E>
  std::optional<E> choice(std::string_view key, Choices<E> choices) const {
    const auto word = text(key);
    if (!word) return std::nullopt;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
      if (name == *word) return value;
      names.push_back(name);
    }
    refuse_choice(key, *word, names);
    return std::nullopt;
  }

  void fault(std::string_view key, std::string what) const {
    faults_.fault(place(key), path_.child(key), std::move(what));
  }

 private:
  std::optional<std::size_t> find_index(std::string_view key) const;
  const Node* find_kind(std::string_view key, Node::Kind kind) const;
  std::optional<std::uint64_t> whole_number(std::string_view key, std::uint64_t least, std::uint64_t most) const;
  void refuse_choice(std::string_view key, std::string_view word, const std::vector<std::string_view>& names) const;
  void check_keys(std::initializer_list<Keys> groups, Keys refused) const;

  const Node& node_;
  const Path path_;
  Faults& faults_;
};

// The text of a list's item or of a value; notes anything else as a fault.
std::optional<std::string> read_text(const Node& node, const Path& path, Faults& faults);

// A message that another floor worded, with `remedy` behind it unless it says already what to do.
std::string with_remedy(std::string message, std::string_view remedy);

// "; did you mean 'x'?" or "; known here: a, b, c", the second half of a message about an unknown name.
std::string meant(std::string_view word, Keys known);

}  // namespace blipd::config
