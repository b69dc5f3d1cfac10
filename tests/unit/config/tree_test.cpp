#include "config/tree.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "config/reader.hpp"

namespace blipd::config {

TEST_CASE("every node knows its line and column, from 1") {
  const auto tree = parse_tree("a: 1\nb:\n  - x\n  - {c: y}\n");
  REQUIRE(tree);
  REQUIRE(tree->kind == Node::Kind::kMap);
  REQUIRE(tree->keys.size() == 2);
  CHECK(tree->keys[1].place == Place{2, 1});
  const Node& list = tree->items[1];
  REQUIRE(list.kind == Node::Kind::kSequence);
  CHECK(list.items.at(0).place == Place{3, 5});
  CHECK(list.items.at(1).keys.at(0).place == Place{4, 6});
  CHECK(list.items.at(1).items.at(0).place == Place{4, 9});
  CHECK(list.items.at(1).items.at(0).text == "y");
}

TEST_CASE("an alias stands for what its anchor holds") {
  const auto tree = parse_tree("a: &x [1, {b: 2}]\nc: *x\nd: *x\n");
  REQUIRE(tree);
  CHECK(tree->items.at(2).items.at(1).items.at(0).text == "2");
}

TEST_CASE("nesting is allowed to 64 levels and no deeper") {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    return text;
  };
  CHECK(parse_tree(nested(kMaxDepth)));
  const auto deeper = parse_tree(nested(kMaxDepth + 1));
  REQUIRE_FALSE(deeper);
  CHECK(deeper.error().what == "nested deeper than 64 levels; write it flatter");
  // Also where the parser looks ahead before it reports anything.
  CHECK_FALSE(parse_tree(std::string(20'000, '[')));
  CHECK_FALSE(parse_tree(std::string(20'000, '{')));
}

TEST_CASE("nesting through aliases counts as well") {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i <= kMaxDepth; ++i) {
    text += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  }
  const auto tree = parse_tree(text);
  REQUIRE_FALSE(tree);
  CHECK(tree.error().what == "nested deeper than 64 levels; write it flatter");
}

TEST_CASE("a text of 64 MiB is read and one byte more is refused unread") {
  // Its first byte is a fault, so that reading ends there.
  std::string text(kMaxFileBytes, ' ');
  text[0] = ']';
  const auto largest = parse_tree(text);
  REQUIRE_FALSE(largest);
  CHECK(largest.error().what.find("not valid YAML: ") == 0);
  text += ' ';
  const auto larger = parse_tree(text);
  REQUIRE_FALSE(larger);
  CHECK(larger.error().what == "larger than 64 MiB; move targets into files under targets_files");
}

TEST_CASE("a user's text in a message is cut short between characters and shows control characters") {
  CHECK(cited("a\nb\x7f") == "'a\\x0ab\\x7f'");
  CHECK(cited(std::string(64, 'x')) == "'" + std::string(64, 'x') + "'");
  CHECK(cited(std::string(65, 'x')) == "'" + std::string(64, 'x') + "…'");
  CHECK(cited(std::string(63, 'x') + "é") == "'" + std::string(63, 'x') + "…'");
}

}  // namespace blipd::config
