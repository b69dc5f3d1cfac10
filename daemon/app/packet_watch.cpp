#include "daemon/app/packet_watch.hpp"

#include <algorithm>
#include <utility>

#include "daemon/serve/version.hpp"

namespace blipd::app {

namespace {

using engine::Severity;

// A loop that hangs gives nothing: what the others have is written then.
constexpr base::Duration kPatience = std::chrono::seconds(10);

PacketFiles::Retention retention_of(const config::Evidence& settings) { return {settings.keep, settings.most_bytes}; }

}  // namespace

PacketWatch::PacketWatch(std::shared_ptr<const config::Plan> plan, pipeline::Pipeline& pipeline, Log& log)
    : inquiry_(plan),
      pipeline_(pipeline),
      log_(log),
      settings_(plan->configuration.evidence),
      shards_(plan->configuration.engine.shards) {}

std::shared_ptr<engine::PacketTap> PacketWatch::make_tap() {
  // A loop has its share of the targets, and as much of the memory.
  taps_.push_back(std::make_shared<RingTap>(settings_.packets_bytes / shards_));
  return taps_.back();
}

void PacketWatch::open() {
  files_ = std::make_unique<PacketFiles>(
      settings_.directory, retention_of(settings_), "blipd " + std::string(serve::kVersion),
      [this](bool is_degraded, const std::string& text) {
        if (is_degraded) {
          log_.write(Severity::kWarning, "evidence_degraded", text + "; packets around events are not written");
        } else {
          log_.write(Severity::kInfo, "evidence_recovered", text);
        }
      });
}

void PacketWatch::adopt(std::shared_ptr<const config::Plan> plan) {
  if (files_) files_->set_retention(retention_of(plan->configuration.evidence));
  inquiry_.adopt(std::move(plan));
}

void PacketWatch::on_event(const event::Event& event, const base::Moment& now) { inquiry_.on_event(event, now); }

void PacketWatch::tick(const base::Moment& now) {
  for (evidence::PacketInquiry::Wish& made : inquiry_.take_wishes()) wish(std::move(made));
  if (!takings_.empty()) collect(now);
  for (PacketFiles::Done& done : files_->take_done()) inquiry_.written(done.key, std::move(done.made), now.mono);
  attach();
}

void PacketWatch::wish(evidence::PacketInquiry::Wish wish) {
  for (const auto& tap : taps_) tap->request(wish.file, wish.network, wish.until);
  takings_.emplace(wish.file, Taking{{wish.file, std::move(wish.recording), {}}, taps_.size(), wish.until});
}

void PacketWatch::collect(const base::Moment& now) {
  for (const auto& tap : taps_) {
    for (RingTap::Taken& taken : tap->take()) {
      const auto found = takings_.find(taken.key);
      if (found == takings_.end()) continue;
      found->second.job.takings.push_back(std::move(taken.taking));
      --found->second.waiting;
    }
  }
  for (auto it = takings_.begin(); it != takings_.end();) {
    Taking& taking = it->second;
    if (taking.waiting > 0 && now.mono < taking.until + kPatience) {
      ++it;
      continue;
    }
    files_->write(std::move(taking.job));
    it = takings_.erase(it);
  }
}

void PacketWatch::attach() {
  for (evidence::PacketInquiry::Finding& finding : inquiry_.take_findings()) {
    const std::vector<event::PacketFile> files = finding.evidence.packets;
    if (!pipeline_.attach(finding.event_id, std::move(finding.evidence))) continue;
    for (const event::PacketFile& file : files) {
      log_.write(Severity::kInfo, "packets_attached", file.file,
                 {{"id", finding.event_id},
                  {"moment", event::kMomentNames[static_cast<std::size_t>(file.moment)]},
                  {"network", file.network},
                  {"packets", std::to_string(file.packets)}});
    }
  }
}

serve::RecorderHealth PacketWatch::health(bool is_capturing) const {
  serve::RecorderHealth health;
  health.directory = settings_.directory;
  health.is_recording = is_capturing;
  for (const auto& tap : taps_) {
    health.packets += tap->packets();
    health.ring_bytes += tap->bytes();
    if (const auto reach = tap->reach()) health.reach = std::min(health.reach.value_or(*reach), *reach);
  }
  health.passed_over = inquiry_.passed_over();
  if (!files_) return health;
  const PacketFiles::Health files = files_->health();
  health.is_writing = files.is_writing;
  health.files_written = files.written;
  health.files_failed = files.failed;
  health.files_removed = files.removed;
  health.files = files.files;
  health.bytes = files.bytes;
  return health;
}

}  // namespace blipd::app
