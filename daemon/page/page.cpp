#include "daemon/page/page.hpp"

#include <algorithm>

#include "daemon/page/address.hpp"
#include "daemon/page/frame.hpp"
#include "daemon/page/views.hpp"

namespace blipd::page {

namespace {

constexpr base::Duration kUsualRange = std::chrono::hours(24);

Document told(const Live& live, const Assets& assets, unsigned status, const std::string& title,
              const std::string& text) {
  Frame frame{title,
              live.snapshot->plan->configuration.vantage_name,
              {{"blipd", "/"}, {title, ""}},
              live.snapshot->taken,
              false};
  Html main;
  main("<h1>", title, "</h1>\n<p>", text, "</p>\n<p><a href=\"/\">To the overview</a></p>\n");
  return {status, document(frame, assets, main).take()};
}

}  // namespace

bool is_page(std::string_view path) {
  return path == "/" || path.starts_with("/country/") || path.starts_with("/event/");
}

bool needs_channels(std::string_view path) { return path.find("/target/") != std::string_view::npos; }

Document render(std::string_view target, const Live& live, const Assets& assets) {
  const auto address = read_address(target);
  if (!address) return told(live, assets, 400, "This address makes no sense", address.error().text);
  const base::WallTime now = live.snapshot->taken;
  Past past(live);
  const base::WallTime to = address->to.value_or(now);
  Scene scene{live, past, {address->from.value_or(to - kUsualRange), to}, address->from || address->to};
  const std::string& vantage = live.snapshot->plan->configuration.vantage_name;
  if (address->path.empty()) {
    scene.range = {now - kUsualRange, now};
    const Frame frame{"blipd on " + vantage, vantage, {{"blipd", "/"}}, now, true};
    return {200, document(frame, assets, overview(scene)).take()};
  }
  return told(live, assets, 404, "There is no such page", "Nothing is known by this address.");
}

}  // namespace blipd::page
