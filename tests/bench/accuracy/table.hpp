// Scores as Markdown, and the goals that they are held against.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/accuracy/score.hpp"

namespace blipd::accuracy {

struct Entry {
  std::string detector;
  std::string layout;
  Score score;
};

std::string table(const std::vector<Entry>& entries);
std::string confusion(const Entry& entry);
// A line a goal: what was to be reached, and whether it was.
std::string goals_of_six(const Score& score);
std::string goals_of_three(const Score& score);

}  // namespace blipd::accuracy
