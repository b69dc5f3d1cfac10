// The document is fetched again, and those of its parts that the daemon would write otherwise by now take the places of
// the old ones. A part is an element with an id and data-part. What the reader is at stays: scroll, focus, open details.

export interface Listener {
  removed(root: Element): void;
  // Both are whole; `fresh` is not in the document yet.
  replaced(old: Element, fresh: Element): void;
  shown(root: Element): void;
}

const TIMEOUT_MS = 15_000;

const partsOf = (root: ParentNode): Element[] =>
  [...root.querySelectorAll("[data-part][id]")].filter((part) => !part.parentElement?.closest("[data-part][id]"));

export class Parts {
  // As the daemon wrote them: what is in the document has been worked on since.
  private written = new Map<string, string>();
  private underWay: Promise<void> | null = null;
  private isWantedAgain = false;

  constructor(private readonly listener: Listener) {
    this.note(document);
  }

  // One at a time; whoever asks meanwhile gets one more.
  refresh(): Promise<void> {
    if (this.underWay) {
      this.isWantedAgain = true;
      return this.underWay;
    }
    this.underWay = (async () => {
      try {
        do {
          this.isWantedAgain = false;
          await this.fetchOnce();
        } while (this.isWantedAgain);
      } finally {
        this.underWay = null;
      }
    })();
    return this.underWay;
  }

  private async fetchOnce(): Promise<void> {
    const address = location.href;
    const response = await fetch(address, {
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const isDocument = response.headers.get("Content-Type")?.startsWith("text/html") ?? false;
    if (!isDocument || response.status >= 500) throw new Error(`the daemon answered ${response.status}`);
    const text = await response.text();
    if (address !== location.href) {
      this.isWantedAgain = true; // the reader went on meanwhile
      return;
    }
    this.show(new DOMParser().parseFromString(text, "text/html"));
  }

  private show(fresh: Document): void {
    document.title = fresh.title;
    const ids = (root: ParentNode) => partsOf(root).map((part) => part.id);
    const same = ids(document).join() === ids(fresh).join();
    if (same) {
      for (const part of partsOf(fresh)) {
        const old = document.getElementById(part.id);
        if (!old) continue;
        if (this.written.get(part.id) === part.outerHTML) {
          settle(old, part);
        } else {
          this.replace(old, part);
        }
      }
    } else {
      const [old, main] = [document.getElementById("main"), fresh.getElementById("main")];
      if (old && main) this.replace(old, main);
    }
    this.note(fresh);
  }

  private note(root: ParentNode): void {
    this.written = new Map(partsOf(root).map((part) => [part.id, part.outerHTML]));
  }

  private replace(old: Element, fresh: Element): void {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const opened = [...old.querySelectorAll("details[open]")].map((details) => details.id);
    const element = document.importNode(fresh, true);
    for (const details of element.querySelectorAll("details")) {
      if (details.id && opened.includes(details.id)) details.open = true;
    }
    this.listener.replaced(old, element);
    old.replaceWith(element);
    this.listener.removed(old);
    this.listener.shown(element);
    if (focused) refocus(element, focused);
  }
}

// A part that the daemon writes as before may have been told otherwise in between: what was put into it goes.
function settle(old: Element, fresh: Element): void {
  const texts = [...fresh.querySelectorAll("[data-live]")].map((element) => element.textContent);
  for (const [i, element] of [...old.querySelectorAll("[data-live]")].entries()) {
    const text = texts[i];
    if (typeof text === "string" && element.textContent !== text) element.textContent = text;
  }
}

function refocus(root: Element, focused: Element): void {
  const href = focused.getAttribute("href");
  const again =
    (focused.id && root.querySelector(`#${CSS.escape(focused.id)}`)) ||
    (href && root.querySelector(`a[href="${CSS.escape(href)}"]`)) ||
    [...root.querySelectorAll(focused.tagName)].find((e) => e.textContent === focused.textContent);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}
