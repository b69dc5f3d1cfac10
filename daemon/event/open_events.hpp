// The events that are open at one moment, in order of id: shared and never changed, so that a copy costs nothing
// however many there are. Tens of thousands of hosts may be down at once.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"

namespace blipd::event {

class OpenEvents {
 public:
  using Shared = std::shared_ptr<const Event>;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = const Event*;
    using reference = const Event&;

    Iterator() = default;
    explicit Iterator(std::vector<Shared>::const_iterator at) : at_(at) {}
    const Event& operator*() const { return **at_; }
    const Event* operator->() const { return at_->get(); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(const Iterator&) const = default;

   private:
    std::vector<Shared>::const_iterator at_;
  };

  OpenEvents() : OpenEvents(std::vector<Shared>()) {}
  explicit OpenEvents(std::vector<Shared> events);

  Iterator begin() const { return Iterator(known_->all.begin()); }
  Iterator end() const { return Iterator(known_->all.end()); }
  std::size_t size() const { return known_->all.size(); }
  bool empty() const { return known_->all.empty(); }

  // Of this kind, of a network or, where `network` is empty, of the country itself. Null: none is open.
  const Event* find(std::string_view country, std::string_view network, Kind kind) const;

 private:
  struct Known {
    std::vector<Shared> all;
    std::vector<const Event*> of_places;  // of countries and networks, to be searched
  };
  std::shared_ptr<const Known> known_;
};

}  // namespace blipd::event
