// Another time range is another address of the same page: it is fetched into place, and going back goes back.

export interface Navigation {
  // Unix seconds.
  zoomTo(from: number, to: number): void;
}

const LEAST_SECONDS = 5 * 60;

export function takeOverNavigation(refresh: () => Promise<void>): Navigation {
  let shown = location.href;
  const go = async (address: string) => {
    shown = address;
    try {
      await refresh();
    } catch {
      location.assign(address); // the browser says what is wrong
    }
  };
  addEventListener("popstate", () => {
    if (location.href !== shown) void go(location.href);
  });
  document.addEventListener("click", (click) => {
    if (click.defaultPrevented || click.button !== 0 || click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
    const link = (click.target as Element | null)?.closest<HTMLAnchorElement>("a[href]");
    if (!link || link.target || link.origin !== location.origin) return;
    // Only another range of what is on the page already.
    if (link.pathname !== location.pathname || link.hash !== "" || link.search === location.search) return;
    click.preventDefault();
    history.pushState(null, "", link.href);
    void go(location.href);
  });
  return {
    zoomTo(from, to) {
      const middle = (from + to) / 2;
      const half = Math.max(to - from, LEAST_SECONDS) / 2;
      const text = (seconds: number) => new Date(Math.round(seconds) * 1000).toISOString().replace(".000Z", "Z");
      const address = new URL(location.href);
      address.search = `?from=${text(middle - half)}&to=${text(middle + half)}`;
      history.pushState(null, "", address);
      void go(location.href);
    },
  };
}
