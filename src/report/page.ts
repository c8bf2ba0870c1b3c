import type { Comparison } from "./comparison.ts";

/** A comparison as a page for the browser: one file with all that it needs, and the comparison itself as JSON in `#comparison`. */
export async function drawReport(comparison: Comparison): Promise<string> {
  const { default: page } = await import("../../page/main.ts?page");
  // No "<" of the data and no end tag of the code may end the script elements.
  const title = `${comparison.models.map(({ label }) => label).join(", ")} on ${comparison.log.name}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>
${page.style}</style>
</head>
<body>
<noscript>This page draws its tables and charts by a script of its own; it loads nothing.</noscript>
<main id="page"></main>
<script type="application/json" id="comparison">${JSON.stringify(comparison).replaceAll("<", "\\u003c")}</script>
<script>
${page.script.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
