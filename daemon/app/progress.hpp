// How far a long run has come, on a terminal and nowhere else; a few times a second at most.
#pragma once

#include <chrono>
#include <cstdint>

namespace blipd::app {

class Progress {
 public:
  Progress();
  // `share` of the whole in 0–1.
  void show(double share, std::uint64_t results);
  void clear();

 private:
  bool is_terminal_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace blipd::app
