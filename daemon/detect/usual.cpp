#include "daemon/detect/usual.hpp"

namespace blipd::detect {

void UsualAnswers::learn(double value, double alpha) { mean_.learn(value, alpha); }

void UsualAnswers::learn_answer(double alpha) {
  for (; held_ > 0; --held_) learn(0.0, alpha);
  learn(1.0, alpha);
  has_answered_ = true;
  if (count_ < kWarmUp) ++count_;
}

void UsualAnswers::learn_failure(double alpha) {
  if (!has_answered_) {
    learn(0.0, alpha);
  } else if (held_ < kHeld) {
    ++held_;
  }
  if (count_ < kWarmUp) ++count_;
}

}  // namespace blipd::detect
