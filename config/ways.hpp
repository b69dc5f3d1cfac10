// The ways of asking one target. Most targets are asked alike, so the list is held once for all who share it: a copy
// is a pointer, and whoever changes his list first gets one of his own. A value like any other, never null.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "probes/spec.hpp"

namespace blipd::config {

class Ways {
 public:
  using List = std::vector<probes::ProbeSpec>;

  Ways() = default;
  Ways(std::initializer_list<probes::ProbeSpec> specs) : list_(std::make_shared<List>(specs)) {}
  Ways(List specs) : list_(std::make_shared<List>(std::move(specs))) {}  // NOLINT(google-explicit-constructor)

  std::size_t size() const { return list().size(); }
  bool empty() const { return list().empty(); }
  List::const_iterator begin() const { return list().begin(); }
  List::const_iterator end() const { return list().end(); }
  const probes::ProbeSpec& at(std::size_t i) const { return list().at(i); }
  const probes::ProbeSpec& operator[](std::size_t i) const { return list()[i]; }

  probes::ProbeSpec& operator[](std::size_t i) { return own()[i]; }
  void push_back(probes::ProbeSpec spec) { own().push_back(std::move(spec)); }
  void resize(std::size_t size) { own().resize(size); }

  // Holds the specs for as long as somebody keeps it. Equal pointers are equal lists.
  std::shared_ptr<const List> shared() const { return list_; }

  bool operator==(const Ways& other) const { return list_ == other.list_ || list() == other.list(); }

 private:
  const List& list() const {
    static const List kNone;
    return list_ ? *list_ : kNone;
  }
  List& own() {
    if (!list_ || list_.use_count() > 1) list_ = std::make_shared<List>(list());
    return *list_;
  }

  std::shared_ptr<List> list_;  // null: none
};

}  // namespace blipd::config
