// Time lines below each other on one axis: a country, its networks and we ourselves, or one of them; with events as
// links.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal/report.hpp"
#include "daemon/page/event_table.hpp"
#include "daemon/page/strip.hpp"
#include "daemon/page/views.hpp"

namespace blipd::page {

class Lanes {
 public:
  // `events` are all that overlap the range.
  Lanes(const Scene& scene, const journal::Bins& bins, const std::vector<event::Event>& events, EventLink link)
      : scene_(scene), bins_(bins), events_(events), link_(std::move(link)) {}

  // A country (network empty) or a network; `address` of its view, or empty. The bins are as History gave them.
  void add(std::string_view name, std::string_view address, std::string_view country, std::string_view network,
           std::span<const journal::StateBin> states);
  // When we were at fault, and when we did not watch.
  void add_vantage();
  // With the axis.
  Html finish() const;

 private:
  const Scene& scene_;
  journal::Bins bins_;
  const std::vector<event::Event>& events_;
  EventLink link_;
  Html rows_;
};

// How the range divides for each place.
Html availability_table(const Scene& scene, const std::vector<event::Event>& events,
                        const std::vector<journal::Place>& places);

}  // namespace blipd::page
