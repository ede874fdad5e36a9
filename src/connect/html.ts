import { createHash } from "node:crypto";

/** Text as it stands between tags or within a quoted attribute. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 2rem 1rem; max-width: 36rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
fieldset { margin: 1.5rem 0; padding: .5rem 1rem; border: 1px solid; border-radius: .5rem; }
label { display: block; padding: .5rem 0; overflow-wrap: anywhere; }
small { display: block; margin-left: 1.75rem; }
button { padding: .625rem 1.5rem; border: 1px solid; border-radius: .5rem; font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
[role=alert] { padding: .5rem 1rem; border-left: .375rem solid; }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** A whole page. `title` is text, `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} - Calendar Sync</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** The Content-Security-Policy of such pages: no script, nothing from elsewhere. Browsers hold the redirect after a form to it, too. */
export function pagePolicy(formTargets: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action ${["'self'", ...formTargets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
