/**
 * The page that shows the inspector: it takes messages from the relay on this machine and hands them to the inspector's own page, in a
 * frame. The browser loads that page from its site; the messages stay in the browser.
 */
import { createHash } from 'node:crypto';

/** @param viewer address of the inspector's page */
export function bridgePage(viewer: URL): { readonly html: string; readonly policy: string } {
  const script = bridgeScript(viewer);
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*",
    `frame-src ${viewer.origin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>dank workflow inspect</title><style>${style}</style></head>
<body>
<header><b>dank workflow inspect</b> <span id="state">waiting for the inspector of ${escapeHtml(viewer.origin)} ...</span></header>
<iframe id="viewer" title="inspector" referrerpolicy="no-referrer" src="${escapeHtml(viewer.href)}"></iframe>
<script>${script}</script>
</body>
</html>
`;
  return { html, policy };
}

const style = `*{margin:0}html,body{height:100%}body{display:flex;flex-direction:column;font:13px system-ui,sans-serif;background:#16202c;color:#e8edf3}header{padding:6px 12px}#state{opacity:.8}iframe{flex:1;border:0;background:#fff}`;

/** The inspector's page says when it listens; until then messages are kept. */
function bridgeScript(viewer: URL): string {
  return `
const viewer = ${jsonInScript(viewer.origin)};
const frame = document.getElementById('viewer');
const state = document.getElementById('state');
const kept = [];
let count = 0;
let isListening = false;
const pass = (message) => frame.contentWindow.postMessage(message, viewer);
const show = (text) => { state.textContent = text; };
window.addEventListener('message', ({ origin, source, data }) => {
  if (origin !== viewer || source !== frame.contentWindow || !data || data.type !== '@statelyai.connected') return;
  isListening = true;
  for (const message of kept.splice(0)) pass(message);
  show(count + ' messages');
});
const socket = new WebSocket(location.href.replace(/^http/, 'ws'));
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  count += 1;
  if (isListening) pass(message); else kept.push(message);
  if (isListening) show(count + ' messages');
};
socket.onclose = () => show(count + ' messages; the command has ended');
`;
}

function jsonInScript(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
