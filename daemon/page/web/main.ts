// Keeps a document of the daemon alive: what is on it is whole without this.

import { adopt, mountCharts, redrawCharts, unmountCharts } from "./charts";
import { follow } from "./live";
import { takeOverNavigation } from "./navigation";
import { Parts } from "./parts";
import { showLocalTimes } from "./times";

const parts = new Parts({
  removed: unmountCharts,
  replaced: adopt,
  shown: (root) => {
    showLocalTimes(root);
    mountCharts(root, navigation.zoomTo);
  },
});
const navigation = takeOverNavigation(() => parts.refresh());

showLocalTimes(document);
mountCharts(document, navigation.zoomTo);
if (document.querySelector("[data-live]")) follow(() => parts.refresh());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);

declare global {
  interface Window {
    // For whoever tests the page: fetches it again and shows what has changed.
    blipd: { refresh(): Promise<void> };
  }
}
window.blipd = { refresh: () => parts.refresh() };
