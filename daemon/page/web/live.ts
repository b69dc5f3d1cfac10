// What the daemon tells while the page is open: small things are put in place at once, for the rest the document is
// fetched again. Where no stream can be had, it is fetched every ten seconds.

import { percent } from "./words";

interface Place {
  state?: string;
  level?: string;
  name?: string;
  since: string | null;
  reachable_ratio: number | null;
  usual_reachable_ratio: number | null;
  unstable: boolean;
}
interface Status {
  taken: string;
  vantage: { state: string; since: string | null; control_answer_ratio: number | null };
  countries: (Place & { code: string; networks: (Place & { name: string })[] })[];
}

const POLL_MS = 10_000;
const SOON_MS = 50; // several things at once are fetched once
const MINUTE_SPREAD_MS = 3_000; // not all pages in the same moment
const GIVE_UP_AFTER = 3; // attempts at a stream in a row

export function follow(refresh: () => Promise<void>): void {
  const connection = new Connection();
  let timer: number | undefined;
  let polling: number | undefined;
  let failures = 0;
  let verdicts = "";

  const fetchIn = (milliseconds: number) => {
    if (timer !== undefined) return;
    timer = window.setTimeout(async () => {
      timer = undefined;
      try {
        await refresh();
        if (polling !== undefined) connection.is("asking every ten seconds");
      } catch {
        connection.lost();
      }
    }, milliseconds);
  };
  const poll = () => {
    polling ??= window.setInterval(() => fetchIn(0), POLL_MS);
    fetchIn(0);
  };

  const listen = () => {
    const stream = new EventSource("/api/v1/events");
    stream.addEventListener("open", () => {
      // What was told while nobody listened.
      if (failures > 0) fetchIn(0);
      failures = 0;
      connection.is("live");
      window.clearInterval(polling);
      polling = undefined;
    });
    stream.addEventListener("status", (message) => {
      const status = JSON.parse((message as MessageEvent<string>).data) as Status;
      show(status);
      const now = JSON.stringify([
        status.vantage.state,
        status.countries.map((c) => [c.level, c.unstable, c.networks.map((n) => [n.state, n.unstable])]),
      ]);
      // The first one too: something may have changed since the document was written.
      if (verdicts !== now) fetchIn(SOON_MS);
      verdicts = now;
    });
    stream.addEventListener("event", () => fetchIn(SOON_MS));
    stream.addEventListener("minute", () => fetchIn(Math.random() * MINUTE_SPREAD_MS));
    stream.addEventListener("error", () => {
      connection.lost();
      if (++failures < GIVE_UP_AFTER && stream.readyState !== EventSource.CLOSED) return;
      // Refused, or there is nothing that would carry a stream: ask, and try again in a minute.
      stream.close();
      poll();
      window.setTimeout(listen, 60_000);
    });
  };
  listen();
}

// Says whether what is on the page is of now.
class Connection {
  private readonly sign = document.createElement("span");
  private since: Date | null = null;

  constructor() {
    this.sign.id = "connection";
    this.sign.setAttribute("role", "status");
    document.querySelector("header")?.append(this.sign);
  }
  is(text: string): void {
    this.since = null;
    this.say(text, "live");
  }
  lost(): void {
    this.since ??= new Date();
    this.say(`not connected since ${this.since.toISOString().slice(11, 19)} UTC; what is shown is from then`, "lost");
  }
  private say(text: string, state: string): void {
    if (this.sign.textContent === text) return;
    this.sign.textContent = text;
    this.sign.dataset["connection"] = state;
  }
}

// Shares alone: a verdict comes with everything that is said of it, when the document has been fetched again.
function show(status: Status): void {
  const texts = new Map<string, string>([["vantage/control", percent(status.vantage.control_answer_ratio)]]);
  const put = (key: string, place: Place) => {
    texts.set(`${key}/reachable`, percent(place.reachable_ratio));
    texts.set(`${key}/usual`, percent(place.usual_reachable_ratio));
  };
  for (const country of status.countries) {
    put(`country/${country.code}`, country);
    for (const network of country.networks) put(`network/${country.code}/${network.name}`, network);
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const text = texts.get(element.dataset["live"] ?? "");
    if (text !== undefined && element.textContent !== text) element.textContent = text;
  }
}
