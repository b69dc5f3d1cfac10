// Names to addresses, on threads of its own so that no lookup ever holds up probing. watch(), unwatch() and poll()
// belong to one thread and return at once. See NameBook for when a name is asked.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/engine/name_book.hpp"

namespace blipd::engine {

// Looks one name up and may take its time; returns soon after a stop is requested. Called on several threads at once.
using LookupFunction = std::function<base::Expected<Lookup>(const std::string& name, const std::stop_token& stop)>;

class Resolver {
 public:
  // By the machine's own hosts file and name servers: see system_lookup().
  Resolver();
  explicit Resolver(LookupFunction lookup);
  // Ends lookups that are under way.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void watch(const std::string& name) { book_.watch(name); }
  void unwatch(const std::string& name) { book_.unwatch(name); }

  // What has become known since the last call. Sends due names on their way.
  std::vector<Resolved> poll(base::MonoTime now);

 private:
  class Workers;
  NameBook book_;
  std::unique_ptr<Workers> workers_;
};

}  // namespace blipd::engine
