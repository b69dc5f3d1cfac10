#include "daemon/detect/onset.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace blipd::detect {

namespace {

// A fall that is over so soon is one blow.
constexpr base::Duration kAbrupt = std::chrono::minutes(2);

std::vector<const Part*> fallen(const std::vector<Part>& parts) {
  std::vector<const Part*> result;
  for (const Part& part : parts) {
    if (part.fell) result.push_back(&part);
  }
  std::ranges::sort(result, [](const Part* a, const Part* b) {
    return std::tie(a->fell->latest, a->fell->earliest, a->name) <
           std::tie(b->fell->latest, b->fell->earliest, b->name);
  });
  return result;
}

class Mean {
 public:
  void add(const std::optional<double>& value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  std::optional<double> get() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / count_;
  }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

std::vector<event::Fall> order_of(const std::vector<Part>& parts) {
  std::vector<event::Fall> order;
  base::WallTime reach{};  // the latest end of those that share the present rank
  for (const Part* part : fallen(parts)) {
    std::uint32_t rank = 1;
    if (!order.empty()) rank = order.back().rank + (part->fell->earliest > reach ? 1 : 0);
    if (order.empty() || rank != order.back().rank) reach = part->fell->latest;
    reach = std::max(reach, part->fell->latest);
    order.push_back({std::string(part->name), *part->fell, rank});
  }
  return order;
}

std::optional<base::Duration> fall_of(const std::vector<Part>& parts) {
  double all = 0;
  for (const Part& part : parts) all += part.weight;
  constexpr double kRounding = 1e-9;
  std::optional<base::WallTime> tenth;
  double sum = 0;
  for (const Part* part : fallen(parts)) {
    sum += part->weight;
    if (!tenth && sum >= 0.1 * all - kRounding) tenth = part->fell->latest;
    if (sum >= 0.9 * all - kRounding) return part->fell->latest - *tenth;
  }
  return std::nullopt;
}

event::Shape shape_of(bool was_unstable, bool was_degraded, const event::Onset& onset) {
  if (was_unstable) return event::Shape::kAfterInstability;
  if (was_degraded) return event::Shape::kGradual;
  if (onset.order.empty() || onset.order.back().rank == 1) return event::Shape::kAbrupt;
  const base::Duration so_far = onset.order.back().when.latest - onset.order.front().when.latest;
  return onset.fall.value_or(so_far) <= kAbrupt ? event::Shape::kAbrupt : event::Shape::kStaged;
}

std::vector<event::Before> joined(const std::vector<std::vector<event::Before>>& parts) {
  std::vector<event::Before> result;
  for (std::size_t i = 0; !parts.empty() && i < parts.front().size(); ++i) {
    event::Before all;
    Mean loss, slope, rtt;
    for (const auto& part : parts) {
      all.length = std::max(all.length, part[i].length);
      all.flaps += part[i].flaps;
      all.late += part[i].late;
      loss.add(part[i].loss_ratio);
      slope.add(part[i].loss_slope);
      rtt.add(part[i].rtt_ratio);
    }
    all.loss_ratio = loss.get();
    all.loss_slope = slope.get();
    all.rtt_ratio = rtt.get();
    result.push_back(all);
  }
  return result;
}

event::Failures joined(const std::vector<event::Failures>& parts) {
  event::Failures all;
  for (const event::Failures& part : parts) {
    all.silent += part.silent;
    all.unreachable += part.unreachable;
    all.reset += part.reset;
    for (const event::Notice& notice : part.notices) {
      const auto same = std::ranges::find_if(all.notices, [&](const event::Notice& n) {
        return n.type == notice.type && n.code == notice.code && n.sender == notice.sender;
      });
      if (same == all.notices.end()) {
        all.notices.push_back(notice);
      } else {
        same->count += notice.count;
      }
    }
  }
  std::ranges::stable_sort(all.notices, [](const auto& a, const auto& b) { return a.count > b.count; });
  if (all.notices.size() > event::Failures::kMostNotices) all.notices.resize(event::Failures::kMostNotices);
  return all;
}

}  // namespace blipd::detect
