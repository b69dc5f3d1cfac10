#include "daemon/page/plot.hpp"

#include <catch2/catch.hpp>

#include "sample.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;

TEST_CASE("A scale of shares is the narrowest that holds them") {
  CHECK(share_scale(0).top == 0.05F);
  CHECK(share_scale(0.05F).top == 0.05F);
  CHECK(share_scale(0.051F).top == 0.2F);
  CHECK(share_scale(0.21F).top == 0.5F);
  CHECK(share_scale(0.51F).top == 1);
}

TEST_CASE("A scale of round trips holds them, with three to five lines") {
  for (float most = 0.0002F; most < 30; most *= 1.07F) {
    CAPTURE(most);
    const Scale scale = time_scale(most);
    CHECK(scale.top > most);
    CHECK(scale.lines.size() >= 2);
    CHECK(scale.lines.size() <= 5);
  }
}

TEST_CASE("Nothing is drawn across bins without a value") {
  const journal::Bins bins{base::WallTime(60s), 1min, 5};
  Plot plot(bins, {bins.from, bins.end()}, share_scale(1), 100);
  plot.line({0.5F, 0.5F, std::nullopt, 1.0F, 0.0F}, "x");
  const std::string picture = plot.finish("n").text();
  CHECK(sample::contains(picture, "d=\"M0 500H4000M6000 0H8000V1000H10000\""));
}

TEST_CASE("An area goes there on its upper edge and back on its lower one") {
  const journal::Bins bins{base::WallTime(60s), 1min, 2};
  Plot plot(bins, {bins.from, bins.end()}, share_scale(1), 100);
  plot.area({0.0F, 0.5F}, {1.0F, 1.0F}, "x");
  CHECK(sample::contains(plot.finish("n").text(), "d=\"M0 0V0H10000V500H5000V1000H0Z\""));
}
