#include "daemon/page/html.hpp"

#include <catch2/catch.hpp>

using blipd::page::Html;

TEST_CASE("A literal is markup, whatever else is written is text") {
  Html html;
  const std::string name = "<script>\"'&";
  const char* const word = "<b>";
  html("<p title=\"", name, "\">", std::string_view("a > b"), word, 12, "</p>");
  CHECK(html.text() == "<p title=\"&lt;script&gt;&quot;&#39;&amp;\">a &gt; b&lt;b&gt;12</p>");
}

TEST_CASE("What is no UTF-8 and what is a control character becomes U+FFFD") {
  Html html;
  html(std::string("a\xFFz"), std::string("\x1B[2J\x7F"), std::string(1, '\0'), std::string("\n\t\u00A0"));
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(html.text() == "a" + bad + "z" + bad + "[2J" + bad + bad + "\n\t\u00A0");
}

TEST_CASE("Markup within markup stays markup") {
  Html inner;
  inner("<b>", std::string("&"), "</b>");
  Html outer;
  outer("<p>", inner, "</p>");
  CHECK(outer.text() == "<p><b>&amp;</b></p>");
}
