#include "config/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace blipd::config {

namespace {

// Leaves yaml-cpp's parser, which knows no other way out of its callbacks.
struct Stop {
  SyntaxError error;
};

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

struct Extent {
  std::size_t nodes = 0;
  int depth = 0;
};

Extent extent_of(const Node& node) {
  Extent extent{1, 1};
  for (const Node& item : node.items) {
    const Extent inner = extent_of(item);
    extent.nodes += inner.nodes;
    extent.depth = std::max(extent.depth, inner.depth + 1);
  }
  return extent;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(Node{Node::Kind::kNull, place_of(mark), {}, {}, {}}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string& value) override {
    add(Node{Node::Kind::kScalar, place_of(mark), value, {}, {}}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      throw Stop{{place_of(mark), "an alias inside what it stands for; write the value out"}};
    }
    if (static_cast<int>(open_.size()) + found->second.extent.depth > kMaxDepth) stop_too_deep(mark);
    count_aliased(found->second.extent.nodes, mark);
    append(Node(found->second.node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::kSequence, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
  };
  struct Anchored {
    Node node;
    Extent extent;
  };

  [[noreturn]] static void stop_too_deep(const YAML::Mark& mark) {
    throw Stop{{place_of(mark), fmt::format("nested deeper than {} levels; write it flatter", kMaxDepth)}};
  }

  void count_one(Place place) {
    if (++nodes_ > kMaxNodes) throw Stop{{place, fmt::format("more than {} values; split the file", kMaxNodes)}};
  }

  void count_aliased(std::size_t nodes, const YAML::Mark& mark) {
    aliased_ += nodes;
    if (aliased_ > kMaxAliasedNodes) {
      throw Stop{{place_of(mark),
                  fmt::format("aliases that stand for more than {} values; write the values out", kMaxAliasedNodes)}};
    }
  }

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= static_cast<std::size_t>(kMaxDepth)) stop_too_deep(mark);
    count_one(place_of(mark));
    open_.push_back({Node{kind, place_of(mark), {}, {}, {}}, anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor) remember(done.anchor, done.node);
    append(std::move(done.node));
  }

  void add(Node node, YAML::anchor_t anchor) {
    count_one(node.place);
    if (anchor) remember(anchor, node);
    append(std::move(node));
  }

  void remember(YAML::anchor_t anchor, const Node& node) {
    anchored_.insert_or_assign(anchor, Anchored{node, extent_of(node)});
  }

  void append(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Node& parent = open_.back().node;
    // In a map keys and values take turns.
    if (parent.kind == Node::Kind::kMap && parent.keys.size() == parent.items.size()) {
      if (node.kind != Node::Kind::kScalar) throw Stop{{node.place, "a key that is not a word; write 'key: value'"}};
      parent.keys.push_back({std::move(node.text), node.place});
    } else {
      parent.items.push_back(std::move(node));
    }
  }

  Node root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchored_;
  std::size_t nodes_ = 0;
  std::size_t aliased_ = 0;
};

// Refuses whatever comes after the first document.
class SecondDocument final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw Stop{{place_of(mark), "a second document; keep one document a file"}};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// Parses what yaml-cpp throws on; the exceptions end here.
Node parse_or_throw(std::string_view text) {
  std::istringstream in{std::string(text)};
  YAML::Parser parser(in);
  TreeBuilder builder;
  if (!parser.HandleNextDocument(builder)) return {};
  SecondDocument second;
  parser.HandleNextDocument(second);
  return builder.take();
}

}  // namespace

tl::expected<Node, SyntaxError> parse_tree(std::string_view text) {
  if (text.size() > kMaxFileBytes) {
    return tl::unexpected(SyntaxError{
        {1, 1}, fmt::format("larger than {} MiB; move targets into files under targets_files", kMaxFileBytes >> 20)});
  }
  try {
    return parse_or_throw(text);
  } catch (const Stop& stop) {
    return tl::unexpected(stop.error);
  } catch (const YAML::Exception& e) {
    const Place place = e.mark.is_null() ? Place{1, 1} : place_of(e.mark);
    return tl::unexpected(SyntaxError{
        place, fmt::format("not valid YAML: {}; check indentation, quotes and brackets here and above", e.msg)});
  }
}

}  // namespace blipd::config
