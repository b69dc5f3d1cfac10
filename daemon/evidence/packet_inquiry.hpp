// Whose packets are written for an event, and which event each file belongs to: those of its network (or of the
// networks of its country that fell) when it begins and again when it has ended, with some of controls beside them. One
// file serves all events that ask for the same network at about the same time. Says what it wishes to have and what it
// found; takes, writes and attaches nothing itself. Pure: handed `now`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/event/event.hpp"
#include "daemon/evidence/packet_file.hpp"

namespace blipd::evidence {

class PacketInquiry {
 public:
  static constexpr std::size_t kMostOfCountry = 6;
  static constexpr std::size_t kMostControls = 2;
  // How long packets are still taken after the moment that an event is told to have begun or ended.
  static constexpr base::Duration kAfter = std::chrono::seconds(10);
  // Events as near as this share a file.
  static constexpr base::Duration kSame = std::chrono::minutes(1);
  // Files under way at once; those beyond are passed over.
  static constexpr std::size_t kMostAtOnce = 48;

  explicit PacketInquiry(std::shared_ptr<const config::Plan> plan) : plan_(std::move(plan)) {}

  void adopt(std::shared_ptr<const config::Plan> plan) { plan_ = std::move(plan); }

  // Each revision of an event, as it comes out.
  void on_event(const event::Event& event, const base::Moment& now);

  using FileIndex = std::uint64_t;
  struct Wish {
    FileIndex file = 0;
    config::NetworkIndex network = 0;
    base::MonoTime until{};
    RecordingOf recording;
  };
  // What is to be taken, since the last call.
  std::vector<Wish> take_wishes();

  // What became of a wish: absent, nothing.
  void written(FileIndex file, std::optional<event::PacketFile> made, base::MonoTime now);

  struct Finding {
    std::string event_id;
    event::Evidence evidence;
  };
  std::vector<Finding> take_findings();

  std::uint64_t passed_over() const { return passed_over_; }

 private:
  struct File {
    config::NetworkIndex network = 0;
    event::Moment moment = event::Moment::kStart;
    base::MonoTime asked{};
    std::vector<std::string> events;        // that wait for it
    std::optional<event::PacketFile> made;  // written
  };
  using Networks = std::vector<config::NetworkIndex>;

  void ask(const event::Event& event, event::Moment moment, const Networks& networks, const base::Moment& now);
  void ask_one(const event::Event& event, event::Moment moment, config::NetworkIndex network, const base::Moment& now);
  Networks networks_of(const event::Event& event) const;
  Networks controls() const;
  void tell(const std::string& event_id, const event::PacketFile& file);

  std::shared_ptr<const config::Plan> plan_;
  std::map<std::string, Networks> open_;  // by event: whose packets were taken when it began
  std::map<FileIndex, File> files_;
  std::size_t under_way_ = 0;
  FileIndex next_file_ = 1;
  std::vector<Wish> wishes_;
  std::vector<Finding> findings_;
  std::uint64_t passed_over_ = 0;
};

}  // namespace blipd::evidence
