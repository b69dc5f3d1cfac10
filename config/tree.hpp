// A YAML or JSON document as a tree of nodes that know their line and column. Owns the bounds that keep a
// hostile or broken file from exhausting memory or stack; knows nothing of what the document means, and
// is the only place that touches yaml-cpp. Scalars stay text: whether "no" is a word, a country or a
// refusal is for the reader of that key to say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/error.hpp"

namespace blipd::config {

inline constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;
inline constexpr int kMaxDepth = 64;
// Room for a million targets.
inline constexpr std::size_t kMaxNodes = 10'000'000;
// What all aliases together may stand for, so that a few lines cannot blow up to gigabytes.
inline constexpr std::size_t kMaxAliasedNodes = 1'000'000;

struct Place {
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1
  bool operator==(const Place&) const = default;
};

struct Key {
  std::string text;
  Place place;
};

struct Node {
  enum class Kind : unsigned char { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;         // of a scalar
  std::vector<Key> keys;    // of a map, as many as items, duplicates included
  std::vector<Node> items;  // of a sequence; of a map: its values
};

struct SyntaxError {
  Place place;
  std::string what;
};

// Exactly one document, which may be empty (kNull).
tl::expected<Node, SyntaxError> parse_tree(std::string_view text);

}  // namespace blipd::config
