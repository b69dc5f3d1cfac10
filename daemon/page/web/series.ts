// What /api/v1/series answers.

type Column = (number | null)[];

export interface States {
  reachable: Column;
  least_reachable: Column;
  usual: Column;
  minutes: Column;
  down_seconds: Column;
  unknown_seconds: Column;
  answered: Column;
  lost: Column;
  rtt_median: Column;
}
export interface Spread {
  least: Column;
  p10: Column;
  p25: Column;
  p50: Column;
  p75: Column;
  p90: Column;
  most: Column;
}
export interface Channel {
  probe: string;
  minutes: Column;
  answered: Column;
  lost: Column;
  aborted: Column;
  late: Column;
  rtt: Spread;
}
export interface Series {
  from: string;
  to: string;
  step_seconds: number;
  problem: string;
  times: number[];
  states?: States;
  channels?: Channel[];
}

// Two charts of one place ask once; what was asked a while ago is asked anew.
const KEPT_MS = 2_000;
const asked = new Map<string, { at: number; answer: Promise<Series> }>();

export function fetchSeries(address: string): Promise<Series> {
  const now = performance.now();
  for (const [key, { at }] of asked) if (now - at > KEPT_MS) asked.delete(key);
  const known = asked.get(address);
  if (known) return known.answer;
  const answer = (async () => {
    const response = await fetch(address, { signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return (await response.json()) as Series;
  })();
  asked.set(address, { at: now, answer });
  return answer;
}
