#include "daemon/app/path_words.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;

TEST_CASE("A traced path has a line for each hop and one for its end, and a router's name cannot steer a terminal") {
  event::PathSeen path;
  path.hops.resize(3);
  path.hops[0].distance = 1;
  path.hops[0].address = "198.18.1.2";
  path.hops[0].as_number = 64496;
  path.hops[0].round_trip = 412us;
  path.hops[0].labels = {16, 17};
  path.hops[0].interface = "ge-0\x1b[2J";
  path.hops[1].distance = 2;
  path.hops[2].distance = 3;
  path.hops[2].address = "198.18.3.2";
  CHECK(app::describe(path) ==
        "     1  198.18.1.2               AS64496         0.41 ms  MPLS 16  MPLS 17  in by ge-0?[2J\n"
        "     2  silent\n"
        "     3  198.18.3.2\n"
        "        silent from there on\n");
  path.hops.clear();
  path.end = event::PathEnd::kAborted;
  CHECK(app::describe(path) == "        could not be traced\n");
}
